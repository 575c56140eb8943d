// A server that speaks MongoDB's protocol over SQLite files, so that the MongoDB adapters are tested where no MongoDB runs.
// Arguments: the address to listen at (port 0 takes a free one) and the folder of the files. Prints its URL when it is known.
//
// FerretDB reads a document and writes it back in two steps, so two updates at once can both find what only one may find. MongoDB
// promises that an operation on one document is one step. So here one write runs after the other.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
)

const (
	headerBytes    = 16
	messageMax     = 48_000_000
	opMsg          = 2013
	flagMoreToCome = 1 << 1
	// Behind the flags, the kind of section, its length and the type of the first field, which is called after the command.
	commandAt = headerBytes + 4 + 1 + 4 + 1
)

// By database: each is a file of its own.
var turns sync.Map

func main() {
	socket := filepath.Join(os.Args[2], "ferretdb.sock")
	_ = os.Remove(socket)
	server, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{Unix: socket},
		Handler:  "sqlite",
		// A killed process loses nothing that way; a machine without power is none of the tests.
		SQLiteURL: "file:" + os.Args[2] + "/?_pragma=synchronous(off)",
	})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	// Whoever started it is gone.
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	ended := make(chan error)
	go func() { ended <- server.Run(ctx) }()
	for {
		probe, err := net.Dial("unix", socket)
		if err == nil {
			probe.Close()
			break
		}
		time.Sleep(time.Millisecond)
	}
	go accept(listener, socket)
	fmt.Printf("mongodb://%s/\n", listener.Addr())
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

func accept(listener net.Listener, socket string) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go serve(client, socket)
	}
}

func serve(client net.Conn, socket string) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		request, err := read(client)
		if err != nil {
			return
		}
		reply, err := run(server, request)
		if err != nil {
			return
		}
		if reply == nil {
			continue
		}
		if _, err = client.Write(reply); err != nil {
			return
		}
	}
}

// run answers nothing for a request that wants no reply.
func run(server net.Conn, request []byte) ([]byte, error) {
	if database := writesTo(request); database != "" {
		turn, _ := turns.LoadOrStore(database, new(sync.Mutex))
		turn.(*sync.Mutex).Lock()
		defer turn.(*sync.Mutex).Unlock()
	}
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	if wantsNoReply(request) {
		return nil, nil
	}
	for {
		reply, err := read(server)
		// What answers a request that wanted no reply is passed over.
		if err != nil || binary.LittleEndian.Uint32(reply[8:]) == binary.LittleEndian.Uint32(request[4:]) {
			return reply, err
		}
	}
}

// writesTo is the database whose documents the request may change, or nothing.
func writesTo(request []byte) string {
	if binary.LittleEndian.Uint32(request[12:]) != opMsg || len(request) < commandAt {
		return ""
	}
	command, rest, _ := bytes.Cut(request[commandAt:], []byte{0})
	if !writing[string(command)] {
		return ""
	}
	_, rest, found := bytes.Cut(rest, []byte("\x02$db\x00"))
	if !found || len(rest) < 4 {
		return "unknown"
	}
	name, _, _ := bytes.Cut(rest[4:], []byte{0})
	return string(name)
}

// Inserting needs no turn: the index of ids refuses the second of two. Two who make the same indexes at once confuse it for good.
var writing = map[string]bool{
	"update": true, "findAndModify": true, "delete": true,
	"create": true, "createIndexes": true, "dropIndexes": true, "drop": true,
}

func wantsNoReply(request []byte) bool {
	return binary.LittleEndian.Uint32(request[12:]) == opMsg && len(request) >= headerBytes+4 &&
		binary.LittleEndian.Uint32(request[headerBytes:])&flagMoreToCome != 0
}

func read(from io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(length[:])
	if size < headerBytes || size > messageMax {
		return nil, errors.New("no message")
	}
	message := make([]byte, size)
	copy(message, length[:])
	_, err := io.ReadFull(from, message[4:])
	return message, err
}
