/** Every limit, with its unit in the name. */

/** One append on every adapter (decisions 16): the sum of the events' data and meta as JSON. */
export const APPEND_BYTES_MAX = 1_000_000
/** A stored entity as JSON (decisions 16), so that it fits into the event of its deletion. */
export const ENTITY_BYTES_MAX = 900_000
/** A packet, and the state that an object's packets add up to, as JSON: with the object itself below 1 MB. */
export const STORES_STATE_BYTES_MAX = 96_000
/** Packets that the documents forget at once: some hundredths of a second. */
export const PACKETS_EXPIRED_AT_ONCE = 250
/** A stream's name as UTF-8, on every adapter. */
export const STREAM_NAME_BYTES_MAX = 1_024
/** Events in a page of the history. */
export const HISTORY_PAGE_EVENTS = 500
/** Stored bytes in a page of the history; an event that exceeds them comes alone. */
export const HISTORY_PAGE_BYTES = 4 * 1024 * 1024
/** Milliseconds after which a history opened read-only looks for what the server wrote. */
export const HISTORY_POLL_MS = 100
/** Events in one answer to an auditor, unless he says how many, and at most. */
export const HISTORY_ANSWER_EVENTS = 100
export const HISTORY_ANSWER_EVENTS_MAX = 1_000
/** Characters after which such an answer ends, with the event that exceeds them. */
export const HISTORY_ANSWER_CHARACTERS_MAX = 4 * 1024 * 1024
/** Events that one answer to an auditor looks at: some tenths of a second. A tile that is passed over counts as one. */
export const HISTORY_LOOKED_EVENTS_MAX = 20_000
/** Tiles, of 256 events each, that are looked through at once for those that may match. */
export const HISTORY_TILES_AT_ONCE = 1_024
/** Characters of what an auditor selects by. */
export const HISTORY_SELECTOR_CHARACTERS_MAX = 1_024
/** Wait for a connection to the event store's server. */
export const EVENTSTORE_CONNECT_MS = 2_000
/** First pause before the server is tried again; it doubles. */
export const EVENTSTORE_RETRY_MS = 20
export const EVENTSTORE_RETRY_MS_MAX = 1_000
/** An append that the server does not answer in this time is of unknown outcome. */
export const EVENTSTORE_APPEND_MS = 5_000
/** A read that brings nothing for so long asks whether the server is still there, which has as long to answer. */
export const EVENTSTORE_STALL_MS = 5_000
/** What a read has brought is handed out after this time even if it is no full page. */
export const EVENTSTORE_LINGER_MS = 100
/** How often a silent subscription is compared with the end of the history. */
export const EVENTSTORE_SILENCE_MS = 5_000
/** Appends that wait for the server's answer. */
export const EVENTSTORE_PENDING_APPENDS_MAX = 10_000
export const EVENTSTORE_PENDING_BYTES_MAX = 64 * 1024 * 1024
/** The newest events, kept in memory for those who follow closely. */
export const EVENTSTORE_TAIL_EVENTS_MAX = 4_096
export const EVENTSTORE_TAIL_BYTES_MAX = 16 * 1024 * 1024
/** Pause before the stored events are looked through again when a store was away. */
export const KINDS_RETRY_MS = 1_000
/** Connections to the embedded history that is served (EVENTSTORE_LISTEN), the calls on all of them, and of these the reads and subscriptions, which hold a page each. */
export const SERVED_CONNECTIONS_MAX = 256
export const SERVED_CALLS_MAX = 512
export const SERVED_READS_MAX = 64
/** Of one message from a client of it: more than an append may have. */
export const SERVED_MESSAGE_BYTES_MAX = 4 * 1024 * 1024
/** Appends of all its clients that have arrived, in part or whole, and are not answered. */
export const SERVED_APPENDS_BYTES_MAX = 64 * 1024 * 1024
/** Appends of one call that are under way before no more are taken from it. */
export const SERVED_APPENDS_AT_ONCE = 512
/** Events in one of its appends. */
export const SERVED_APPEND_EVENTS_MAX = 20_000
/** Time for one append to arrive in its own call. */
export const SERVED_APPEND_MS_MAX = 30_000
/** A client of it that takes nothing for so long is given up. */
export const SERVED_STALL_MS_MAX = 120_000
/** How often its clients are asked whether they are there, and how long they may take to say so. */
export const SERVED_PING_MS = 20_000
export const SERVED_PONG_MS_MAX = 20_000
/** Time that a client's regular expression may take for one page of names, by the clock on the wall: others may have the processor. */
export const SERVED_PATTERN_MS_MAX = 250
/** A document's id as UTF-8, so that it fits into a key of the embedded store. */
export const DOCUMENT_ID_BYTES_MAX = 512
/** Documents of the embedded store that are kept read because they were updated lately, and their JSON altogether. */
export const HOT_DOCUMENTS_MAX = 4_096
export const HOT_DOCUMENTS_CHARACTERS_MAX = 8 * 1024 * 1024
/** Documents in a page of a find. */
export const DOCUMENTS_PAGE = 200
/** Nesting of any JSON body. */
export const JSON_DEPTH_MAX = 100
/** Times that a command is decided again after a wrong revision. */
export const COMMAND_TRIES_MAX = 20
/** Wait of a write until the documents show it. */
export const DOCUMENTS_WAIT_MS_MAX = 5_000
/** Last revisions of streams that the embedded history keeps in memory. */
export const STREAM_HEADS_MAX = 100_000
/** States of streams kept in memory. */
export const STATE_CACHE_ENTRIES_MAX = 20_000
/** Their characters, roughly: entities may be large. */
export const STATE_CACHE_CHARACTERS_MAX = 64 * 1024 * 1024
/** Command ids remembered a stream. */
export const RECENT_COMMANDS_MAX = 64
/** Share of its last exact weight by which a state may have changed, as far as its events tell, before it is weighed again. */
export const STATE_CHANGED_SHARE = 0.25
/** Events after which a stream's state is snapshotted anew at the soonest. */
export const SNAPSHOT_EVERY_EVENTS = 500
/** And at the latest: reading and folding so many, sealed ones too, takes about a tenth of a second. */
export const SNAPSHOT_EVENTS_MAX = 4_000
/** Snapshots that wait for their turn; they are taken one at a time. */
export const SNAPSHOTS_WAITING_MAX = 16
/** The name of a space of the vault as UTF-8. */
export const VAULT_SPACE_BYTES_MAX = 256
/** A key or a counter of the vault as UTF-8. */
export const VAULT_KEY_BYTES_MAX = 1_024
/** Entries in a page of the vault. */
export const VAULT_PAGE_ENTRIES = 500
/** Keys in a page of the keyring, and changed at once. */
export const KEYRING_PAGE_KEYS = 500
/** Keys of subjects kept in memory. */
export const KEYRING_CACHE_ENTRIES_MAX = 50_000
/** Milliseconds after which a keyring opened read-only looks whether its file was rewritten. */
export const REWRITE_POLL_MS = 1_000
/** Free space below which writes are refused. */
export const FREE_SPACE_BYTES_MIN = 256 * 1024 * 1024
/** Age from which a claim whose holder does not exist may be taken over. */
export const CLAIM_ORPHAN_MS = 30_000
/** Time to find out what became of an append whose outcome is unknown. */
export const UNKNOWN_OUTCOME_MS_MAX = 8_000
/** First pause between such tries; it doubles. */
export const UNKNOWN_OUTCOME_PAUSE_MS = 20
export const UNKNOWN_OUTCOME_PAUSE_MS_MAX = 500
/** Pause before a command is decided again, times the tries so far, times a random share. */
export const CONTENTION_PAUSE_MS = 5

/** Request line and headers: a query of 1,000 ids is legal (one-port 1). */
export const HEADERS_BYTES_MAX = 64 * 1024
/** Time for a request's headers to arrive (one-port 5). */
export const HEADERS_MS_MAX = 15_000
/** Time for a body to arrive. */
export const BODY_MS_MAX = 30_000
/** Bodies, inflated (one-port 5). */
export const STORES_BODY_BYTES_MAX = 1024 * 1024
export const TIMELIMIT_BODY_BYTES_MAX = 102_400
export const TIMELIMIT_PUSH_BODY_BYTES_MAX = 5_242_880
export const AFRODITE_BODY_BYTES_MAX = 64 * 1024
export const CONNECTYCUBE_BODY_BYTES_MAX = 1024 * 1024
/** How long a connection without a request is kept. */
export const KEEP_ALIVE_MS = 72_000
/** How long a connection is drained after an answer that closes it. */
export const LINGER_MS_MAX = 2_000
/** Look-ups before an upgrade is answered (one-port 4). */
export const UPGRADE_LOOKUP_MS_MAX = 10_000
/** A request that takes longer is logged as slow. */
export const SLOW_REQUEST_MS = 1_000
/** `Retry-After` of a 503 whose end nobody knows. */
export const RETRY_AFTER_SECONDS = 5
/** Time for running requests and sockets to end when the server stops; with what comes after it the process ends within 5 s. */
export const SHUTDOWN_MS_MAX = 3_500
/** Beside what they left of it, time for what waits for a server that does not answer, and for the connections to it. */
export const PARTS_END_MS_MAX = 700
export const MONGODB_CLOSE_MS_MAX = 300

/** Levels of a model's tree that nodes may be added in: a tree that clients read can be sent back within `JSON_DEPTH_MAX`. */
export const MODEL_TREE_LEVELS_MAX = 40
/** Parameters of a command as JSON: the request and its outcome are one append (decisions 16). */
export const COMMAND_PARAMS_BYTES_MAX = 400_000

/** Entities in one list, unless the client lifts the ceiling (rightech 2.1). */
export const LIST_ENTITIES_MAX = 10_000
/** A list that is not asked for as a stream is held in memory up to here, and streamed above. */
export const LIST_BUFFER_CHARACTERS_MAX = 1024 * 1024
/** Objects in one build of a report; builds that a group keeps (rightech 3.8). */
export const BUILD_OBJECTS_MAX = 1_000
export const BUILDS_MAX = 10
/** Objects whose packets are counted between two looks at whether the build is cancelled. */
export const BUILD_OBJECTS_AT_ONCE = 100
/** Messages that `DELETE /messages/clear` deletes at once. */
export const CLEARED_AT_ONCE = 64
/** Keys that one list is sorted by. */
export const LIST_SORT_KEYS_MAX = 16
/** Length of a text that lists are searched for. */
export const SEARCH_CHARACTERS_MAX = 1_024
/** Life of a cookie session of the stores (rightech 4.1). */
export const STORES_COOKIE_MS = 24 * 60 * 60_000
/** Failed attempts to sign in, for one login from one address, in `SIGN_IN_WINDOW_MS`. */
export const SIGN_IN_FAILURES_MAX = 10
/** Counted from the first failure. */
export const SIGN_IN_WINDOW_MS = 60_000
/** Sign-ins and new passwords that wait for their slow comparison; more are told to come later. */
export const PASSWORD_QUEUE_MAX = 256
/** Slow comparisons at once, 19 MiB each. */
export const PASSWORD_WORKERS = 2
/** Principals kept in memory. */
export const PRINCIPALS_MAX = 10_000
/** Events that a rebuild applies at once beside a serving line, so that requests are not held up for longer than some milliseconds. */
export const REBUILD_SLICE_EVENTS = 100
/** Distance from the end of the history at which a build that comes from behind joins the main line. */
export const JOIN_EVENTS_MAX = 500
/** Documents that a comparison of two builds looks at a second time while nothing moves, because they moved while it read. */
export const COMPARE_AGAIN_MAX = 500
/** A streamed list that the client does not take for so long is given up. */
export const STREAM_STALL_MS_MAX = 120_000

/** A frame from a client of the stores' sockets (one-port 4). */
export const STORES_FRAME_BYTES_MAX = 64 * 1024
/** What waits for a slow client of the stores before it is closed (one-port 4). */
export const STORES_UNSENT_MESSAGES_MAX = 1_000
export const STORES_UNSENT_BYTES_MAX = 4 * 1024 * 1024
/** Frames that a client of the stores' sockets may send in the long run; more is closed with 1008. */
export const STORES_CLIENT_FRAMES_PER_SECOND = 50
export const STORES_CLIENT_BYTES_PER_SECOND = 128 * 1024
/** So many seconds' worth of them may come at once; fewer than what may wait, so that answers to them never close the socket. */
export const STORES_CLIENT_SECONDS = 10
/** What clients of `/socket.io` are told: ping so often, and be cut when a pong would be that late (rightech 6.1). */
export const STORES_PING_INTERVAL_MS = 25_000
export const STORES_PING_TIMEOUT_MS = 60_000
/** The server's pings on `/events/stream`, and how many may go unanswered (rightech 6.2). */
export const STORES_STREAM_PING_MS = 30_000
export const STORES_STREAM_UNANSWERED_MAX = 2
/** Between two looks at whether the sessions behind open sockets still are; they close within 5 s (rightech 6.3). */
export const STORES_RECHECK_MS = 2_000
/** Streams of which one projection holds events back: more are a fault of the code, and every look at the records reads them. */
export const HELD_STREAMS_MAX = 1_000
/** What an operator's script asks the server for. */
export const ADMIN_BODY_BYTES_MAX = 64 * 1024
/** How often the free space is looked at. */
export const FREE_SPACE_CHECK_MS = 1_000
/** How often expired entries of the vault are deleted; they are absent before that too. */
export const VAULT_SWEEP_MS = 60_000
/** A server of MongoDB that can take the operation has to be found within. */
export const MONGODB_SELECTION_MS_MAX = 3_000
/** Pause before a first connection to MongoDB is tried again. */
export const MONGODB_RETRY_MS = 500
/** Silence on a connection to MongoDB after which it counts as dead. */
export const MONGODB_ANSWER_MS_MAX = 15_000
/** A majority of MongoDB's members has to take a write within. */
export const MONGODB_WRITE_MS_MAX = 10_000
/** How often a node looks where the documents of another process stand while somebody waits for them, at first and at most. */
export const WATCH_BUSY_MS = 2
export const WATCH_IDLE_MS = 250
/** Age from which what was last seen of the documents is not believed any more. */
export const WATCH_STALE_MS_MAX = 5_000
/** Events not yet shown that a node remembers, to forget once more what they touch when they are. */
export const WATCH_UNSHOWN_EVENTS_MAX = 2_000
/** How long documents may be ahead of a shared history before they are made anew. */
export const AHEAD_MS_MAX = 3_000
/** How long replaced documents stay for nodes that have not heard of it: they look every `WATCH_IDLE_MS` and stop believing after `WATCH_STALE_MS_MAX`. */
export const REPLACED_KEEP_MS = 60_000
/** A projector that says nothing for so long has died, and another takes over. */
export const PROJECTOR_LEASE_MS = 6_000
/** How often it says so, and how often one that stands by asks. */
export const PROJECTOR_RENEW_MS = 1_000
/** How often a store in another process is asked whether it is there. */
export const REACHABLE_CHECK_MS = 1_000
/** How often a projector looks whether another process has moved its documents. */
export const RECORDS_CHECK_MS = 1_000
/** How often it is looked whether the projections move on with the history. */
export const PROJECTIONS_LOOK_MS = 1_000
/** Between two looks that are further apart the process did not run: what was not shown in that time is nobody's fault. */
export const PROJECTIONS_LOOK_MS_MAX = 5_000
/** A projection whose mark stands still for so long in front of events, or that shows an event so late, is not ready. */
export const PROJECTION_STILL_MS_MAX = 15_000
export const PROJECTION_LATE_MS_MAX = 30_000
/** How long `/metrics` waits for the end of the history. */
export const METRICS_HEAD_MS_MAX = 1_000
/** Bytes of a file's content in one document of MongoDB. */
export const VAULT_CHUNK_BYTES = 512 * 1024
/** An upload into MongoDB that gave no sign of life for so long is taken for dead, and what is there of it removed. */
export const VAULT_UPLOAD_SILENCE_MS = 3_600_000
/** A key of a subject that another node destroyed is used here for at most so long. */
export const KEYRING_CHECK_MS = 2_000
/** What the longest operation on MongoDB may take, with finding a member and its answer. */
export const MONGODB_OPERATION_MS_MAX = 20_000
/** A heartbeat that ends so long after its own time will never end. */
export const MONGODB_HEARTBEAT_MS_MAX = 2_000
/** A mail has to be taken by the server within. */
export const MAIL_SEND_MS_MAX = 10_000
/** A connection to the mail server is kept for so long after the last mail. */
export const MAIL_IDLE_MS_MAX = 15_000
/** Actions in one push, and on what part of them at most is one append (timelimit 3.1, decisions 16). */
export const TIMELIMIT_PUSH_ACTIONS_MAX = 50
export const TIMELIMIT_PUSH_PART_BYTES_MAX = 900_000
/**
 * What a family may have of each, so that its documents stay within the 16 MiB of the stores, and an action within milliseconds. TimeLimit
 * itself knows no such limits: they are far above what anybody has.
 */
export const TIMELIMIT_DEVICES_MAX = 5_000
export const TIMELIMIT_USERS_MAX = 5_000
export const TIMELIMIT_CATEGORIES_MAX = 10_000
export const TIMELIMIT_RULES_MAX = 10_000
export const TIMELIMIT_TASKS_MAX = 10_000
export const TIMELIMIT_KEY_REQUESTS_MAX = 5_000
/** And a category. */
export const TIMELIMIT_CATEGORY_APPS_MAX = 10_000
export const TIMELIMIT_CATEGORY_COUNTERS_MAX = 100_000
export const TIMELIMIT_CATEGORY_SLOTS_A_DAY_MAX = 1_500
export const TIMELIMIT_CATEGORY_SESSIONS_MAX = 1_500

/** A message from a client of TimeLimit's sockets, a body of its polling too (one-port 4). */
export const TIMELIMIT_MESSAGE_BYTES_MAX = 1_000_000
/** What waits for a slow client of TimeLimit before it is closed (one-port 4). */
export const TIMELIMIT_UNSENT_MESSAGES_MAX = 1_000
export const TIMELIMIT_UNSENT_BYTES_MAX = 1024 * 1024
/** Frames, and requests of polling, that a client of TimeLimit may send in the long run; more is closed. */
export const TIMELIMIT_CLIENT_FRAMES_PER_SECOND = 50
export const TIMELIMIT_CLIENT_BYTES_PER_SECOND = 128 * 1024
/** So many seconds' worth of them may come at once: a message of full size among them. */
export const TIMELIMIT_CLIENT_SECONDS = 10
/** What clients are told: a pong has to come within (timelimit 7.1). */
export const TIMELIMIT_PING_TIMEOUT_MS = 20_000
/** Open connections that have not logged in as a device; more are told to come later. */
export const TIMELIMIT_STRANGERS_MAX = 10_000
/** Look-ups for sockets at once: after a restart all devices log in together. */
export const TIMELIMIT_LOOKUPS_AT_ONCE = 64
/** First pause before a look-up that failed is tried again; it doubles, as long as the socket is there. */
export const TIMELIMIT_LOOKUP_RETRY_MS = 250
export const TIMELIMIT_LOOKUP_RETRY_MS_MAX = 10_000
/** How long the events of one request are waited for, so that each device is told once about all of them. */
export const TIMELIMIT_MERGE_MS = 10
/** How long it is remembered who was told about a request, in case that more of it comes late. */
export const TIMELIMIT_TOLD_MS = 5_000
/** All clients are told of a new status message within (timelimit 2.18). */
export const TIMELIMIT_BROADCAST_MS_MAX = 60_000
/** How often a node looks what other nodes have for it (decisions 18). */
export const NODES_POLL_MS = 250
/** A node that says nothing for so long is gone, and its clients with it. */
export const PRESENCE_LEASE_MS = 5_000
export const PRESENCE_RENEW_MS = 1_000
/** What a node wrote about its clients; renewed in half the time, it counts only as long as the node's lease. */
export const PRESENCE_ENTRY_MS = 600_000
/** What one node tells another is of no use later. */
export const MAILBOX_LETTER_MS = 30_000
/** Time for open sockets to agree to their end when the server stops. */
export const LIVE_CLOSE_MS_MAX = 500
/** Erasures that come within this time share one rewriting of the files. */
export const ERASURE_GATHER_MS = 1_000
/** How often it is looked whether an erasure was left unfinished. */
export const ERASURE_RETRY_MS = 15_000
/** An operator waits so long for the files to be rewritten; the erasure goes on after that. */
export const ERASURE_WAIT_SECONDS = 600
/** Times that a pull is read again because documents were written meanwhile (decisions 13). */
export const TIMELIMIT_PULL_TRIES_MAX = 20
/** One of a device's two encrypted app lists (timelimit 8.3). */
export const TIMELIMIT_APP_LIST_BYTES_MAX = 524_288
/** Life of mailed codes, of what they are exchanged for, and of codes for new devices (timelimit 8.4, A15). */
export const TIMELIMIT_TOKEN_MS = 4 * 60 * 60_000
/** Devices of which a node remembers that it has noted their connectivity. */
export const TIMELIMIT_DEVICES_REMEMBERED = 100_000
/** `Retry-After` of an address that has asked for too many codes: the shorter of its windows (timelimit 8.2). */
export const TIMELIMIT_MAIL_RETRY_SECONDS = 300
/** An account's e-mail address. */
export const AFRODITE_EMAIL_CHARACTERS_MAX = 254
/** Refused handshakes of an account are noted at most so often (afrodite 7.1). */
export const AFRODITE_REFUSAL_NOTED_MS = 60_000
/** Google's published keys: their bytes, the time to get them, and how long they are kept where the reply does not say, or at most (afrodite 4.4). */
export const GOOGLE_KEYS_BYTES_MAX = 65_536
export const GOOGLE_KEYS_FETCH_MS_MAX = 5_000
export const GOOGLE_KEYS_KEPT_MS = 5 * 60_000
export const GOOGLE_KEYS_KEPT_MS_MAX = 24 * 60 * 60_000
/** Tokens that name a key that is not there make us ask for newer keys no more often than this. */
export const GOOGLE_KEYS_AGAIN_MS = 30_000
/** The demo mode of Afrodite (afrodite 4.3): how long the first password takes to answer, how many may wait for that, and the life of what it gives. */
export const DEMO_DELAY_MS = 1_000
export const DEMO_WAITING_MAX = 100
export const DEMO_WAITING_PER_ADDRESS_MAX = 10
export const DEMO_TOKEN_MS = 60 * 60_000
/** Accounts that a demo token lists. */
export const DEMO_ACCOUNTS_MAX = 1_000
/** From the wish to delete an account to the deletion (afrodite 4.5). */
export const AFRODITE_DELETION_DELAY_MS = 30 * 24 * 60 * 60_000
/** What a push service calls a device. */
export const AFRODITE_PUSH_TOKEN_CHARACTERS_MAX = 4_096
/** A message from a client of Afrodite's sockets (afrodite 3.6). */
export const AFRODITE_MESSAGE_BYTES_MAX = 64 * 1024
/** What waits for a slow client of Afrodite before it is closed (one-port 4). */
export const AFRODITE_UNSENT_MESSAGES_MAX = 1_000
export const AFRODITE_UNSENT_BYTES_MAX = 1024 * 1024
/** Frames that a client of Afrodite may send in the long run; more is closed with 1008. */
export const AFRODITE_CLIENT_FRAMES_PER_SECOND = 50
export const AFRODITE_CLIENT_BYTES_PER_SECOND = 128 * 1024
/** So many seconds' worth of them may come at once. */
export const AFRODITE_CLIENT_SECONDS = 10
/** Messages of a handshake that wait for their turn before no more are read from the socket. */
export const AFRODITE_WAITING_MESSAGES_MAX = 8
/** Events of an account that are held back until its client has sent its sync list. */
export const AFRODITE_HELD_EVENTS_MAX = 1_000
/** The close frame waits so long for the record that the connection has ended. */
export const AFRODITE_RECORD_MS_MAX = 2_000
/** And the client for the end of the connection, after the close frame (afrodite 3.6). */
export const AFRODITE_CLOSING_MS_MAX = 5_000
/** Ends of connections that are recorded at once: after a network failure all come together. */
export const AFRODITE_ENDS_AT_ONCE = 64
/** First and longest pause before a record that failed is tried again; it doubles. */
export const AFRODITE_END_RETRY_MS = 500
export const AFRODITE_END_RETRY_MS_MAX = 10_000
/** Ids that a change of a store names; more are left out (afrodite 9.3). */
export const AFRODITE_CHANGED_IDS_MAX = 32
/** Changes of stores that wait for the sync list, or for rights that are looked at; of more only the newest count is told. */
export const AFRODITE_WAITING_CHANGES_MAX = 1_000
/** Life of the counts that a login is remembered to have (afrodite 9.2). */
export const AFRODITE_REMEMBERED_MS = 90 * 24 * 60 * 60_000
/** First pause before the rights of a linked identity are read again that could not be read; it doubles. */
export const AFRODITE_RIGHTS_RETRY_MS = 250
export const AFRODITE_RIGHTS_RETRY_MS_MAX = 10_000
/** How long events that come one by one are gathered before the tree's last tiles are stored again. */
export const TREE_GATHER_MS = 500
/** Events that the tree takes in before others have a turn: a millisecond or two. */
export const TREE_SLICE_EVENTS = 100
/** Time for the tree to reach the end of the history when the server stops. */
export const TREE_CLOSE_MS_MAX = 500
/** Between two signed heads, if there is news. */
export const HEAD_SIGN_MS = 60_000
/** A ConnectyCube token dies so long after its last request; a guest's so long after its sign-in (connectycube 3). */
export const CONNECTYCUBE_SESSION_MS = 2 * 60 * 60_000
export const CONNECTYCUBE_GUEST_SESSION_MS = 24 * 60 * 60_000
/** A token is prolonged at most so often (decisions 10). */
export const CONNECTYCUBE_PROLONG_MS = 60_000
/** A signed request may be so much older or younger than the server thinks (connectycube 3.2). */
export const CONNECTYCUBE_TIMESTAMP_MS_MAX = 60 * 60_000
/** Addresses whose requests are counted at once, where they are. */
export const CONNECTYCUBE_ADDRESSES_REMEMBERED = 100_000
/** The answer of an application's own identity provider. */
export const CIDP_BYTES_MAX = 64 * 1024
export const CIDP_MS_MAX = 5_000
/** A record of ConnectyCube as JSON: sealed in base64 it is one event (decisions 16). */
export const CC_RECORD_BYTES_MAX = 700_000
/** Records that one request of ConnectyCube changes or deletes at once. */
export const CC_RECORDS_AT_ONCE = 32
/** Records whose children are looked for with one query. */
export const CC_PARENTS_AT_ONCE = 200
/** Age from which a cascade that nobody has finished is gone on from; whoever began it is at it until then. */
export const CC_CASCADE_ORPHAN_MS = 60_000
/** The content of a field of type `File`. */
export const CC_FIELD_FILE_BYTES_MAX = 100 * 1024 * 1024
/** A file in the storage (connectycube 7.3), how long its upload may take, and how long a signed URL opens. */
export const CC_BLOB_BYTES_MAX = 100 * 1024 * 1024
export const CC_UPLOAD_MS_MAX = 30 * 60_000
export const CC_STORAGE_URL_MS = 60 * 60_000
/** Admins of a dialog (connectycube 8.3). */
export const CONNECTYCUBE_ADMINS_MAX = 5
/**
 * Users in a group, who stand in its document, and those whom a public dialog begins with: far above what anybody has, and an event of so
 * many is far below what an append may be. A public dialog may get as many subscribers as want to.
 */
export const CONNECTYCUBE_OCCUPANTS_MAX = 5_000
/** So much a message may seem to be sent before the one that it comes after: then it is dated like that one. */
export const CONNECTYCUBE_CLOCKS_APART_SECONDS_MAX = 60
/** Pinned messages of a dialog. */
export const CONNECTYCUBE_PINS_MAX = 100
/** Contacts in one address book: their state is loaded by every upload. */
export const CC_CONTACTS_MAX = 50_000
/** What of an upload goes into one event: sealed in base64 an append holds it (decisions 16), and documents show it before anybody waits too long. */
export const CC_CONTACTS_AN_APPEND = 500
export const CC_CONTACTS_BYTES_AN_APPEND = 300_000
/** Life of a token for a new password, or for the confirmation of an address (connectycube 12.5). */
export const CC_MAIL_TOKEN_MS = 24 * 60 * 60_000
/** What a user says in one message, and its text when he changes it, as JSON: sealed in base64 it is one event (decisions 16). */
export const CONNECTYCUBE_MESSAGE_BYTES_MAX = 700_000
/** Kinds of reactions of one user to one message, and the name of one. */
export const CONNECTYCUBE_REACTIONS_MAX = 32
export const CONNECTYCUBE_REACTION_CHARACTERS_MAX = 64
/** Messages of a preview (connectycube 8.6). */
export const CONNECTYCUBE_PREVIEW_MESSAGES = 20
/** Messages that one request names. */
export const CONNECTYCUBE_MESSAGES_AT_ONCE = 1_000
/** Members of a dialog whose read marks a page of messages shows: all of a group, the first of a public dialog. */
export const CONNECTYCUBE_READERS_SHOWN_MAX = 5_000
/** Connectycube 8.6: what is searched for, and where. */
export const CONNECTYCUBE_SEARCH_CHARACTERS_MIN = 5
export const CONNECTYCUBE_SEARCH_CHARACTERS_MAX = 1_000
export const CONNECTYCUBE_SEARCH_DIALOGS_MAX = 10
export const CONNECTYCUBE_SEARCH_MONTHS_MAX = 3
/** A dialog's name, description, photo, and each of its extensions. */
export const CONNECTYCUBE_DETAIL_CHARACTERS_MAX = 5_000
/** Devices of a user times channels (connectycube 9), recipients in one event, and in one append: it must not be too long (decisions 16). */
export const CC_SUBSCRIPTIONS_MAX = 100
export const CC_NOTIFICATIONS_AN_EVENT = 1_000
export const CC_NOTIFICATIONS_AN_APPEND = 10_000
/** The message of a push: more than any gateway takes. */
export const CC_PUSH_MESSAGE_CHARACTERS_MAX = 16_384
/** A device's token, an endpoint of a browser, a device's name. */
export const CC_PUSH_TOKEN_CHARACTERS_MAX = 4_096
/** Connections to hosts that clients named: to one of them, and to all. */
export const GUARDED_SOCKETS_AN_ADDRESS_MAX = 16
export const GUARDED_SOCKETS_MAX = 64
/** A page that is looked at for its preview (connectycube 10.4): time with all redirects, and what of it is read. */
export const CC_UNFURL_MS_MAX = 5_000
export const CC_UNFURL_REDIRECTS_MAX = 3
export const CC_UNFURL_BYTES_MAX = 512 * 1024
/** What of it is shown. */
export const CC_UNFURL_TITLE_CHARACTERS_MAX = 300
export const CC_UNFURL_CHARACTERS_MAX = 1_000
export const CC_UNFURL_IMAGES_MAX = 5
export const CC_UNFURL_URL_CHARACTERS_MAX = 2_048
/** Previews that a node remembers, and how long; that there is none is remembered for a shorter time. */
export const CC_UNFURL_PAGES_KEPT = 1_000
export const CC_UNFURL_KEPT_MS = 60 * 60_000
export const CC_UNFURL_FAILED_MS = 60_000
/** Recordings of a meeting, users in one, and how long the link to one in a mail opens. */
export const CC_RECORDINGS_MAX = 100
export const CC_RECORDING_PARTICIPANTS_MAX = 1_000
export const CC_RECORDING_LINK_DAYS = 7
/** An answer to a webhook, and how long one is tried. */
export const CC_WEBHOOK_MS_MAX = 5_000
export const CC_WEBHOOK_GIVE_UP_MS = 24 * 60 * 60_000
/** Address books whose owners hear that somebody has joined: with four channels each they are one append. */
export const CC_JOINED_TOLD_MAX = 2_500
/** A push gateway has to answer within, and what of its answer is read. */
export const PUSH_SEND_MS_MAX = 10_000
export const PUSH_ANSWER_BYTES_MAX = 64 * 1024
/** Pushes on their way at once, of one channel. */
export const PUSHES_AT_ONCE = 16
/** A push that nobody took after so many tries, or in that time, is of no use any more. */
export const PUSH_TRIES_MAX = 10
export const PUSH_GIVE_UP_MS = 4 * 60 * 60_000
/** Text of a message in the push that tells of it. */
export const CC_ALERT_TEXT_CHARACTERS_MAX = 500
/** A message that is older when the job comes to it is not told of any more. */
export const CC_ALERT_MS_MAX = 4 * 60 * 60_000
