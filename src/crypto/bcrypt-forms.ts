/** The form of a bcrypt hash that clients send (timelimit 1.3): `$2a$` and a cost of 10–39, nothing else. */
export const isBcryptHash = (text: string): boolean => HASH.test(text)

/** The form of a bcrypt salt (timelimit 1.3). */
export const isBcryptSalt = (text: string): boolean => SALT.test(text)

const HASH = /^\$2a\$[123][0-9]\$[./A-Za-z0-9]{53}$/
const SALT = /^\$2a\$[123][0-9]\$[./A-Za-z0-9]{22}$/
