package faas

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"testbed/emulator/units"
)

// RedisConfig is the Redis server of a node that is a repository.
type RedisConfig struct {
	Command     []string `json:"command,omitempty"`     // that runs it; none: redis-server, which is looked for in PATH
	Bind        string   `json:"bind,omitempty"`        // IP address that it listens at; empty: all of the node's
	Port        int      `json:"port,omitempty"`        // 0: RedisPort
	Dir         string   `json:"dir"`                   // where it keeps its files; made where it is not there
	Persistence string   `json:"persistence,omitempty"` // PersistNone, PersistRDB or PersistAOF; empty: PersistNone
	Fsync       string   `json:"fsync,omitempty"`       // of PersistAOF: always, everysec; empty: always
	Memory      int64    `json:"memory,omitempty"`      // bytes that its states may take up; 0: as many as the agent's
}

// redisUser is the one user of a testbed's Redis servers.
const redisUser = "testbed"

// redisCommands are what the user may do, besides AUTH: what redisStates and redisServer send, and what their scripts
// call. Nothing that changes the server's configuration, writes files, loads code, or lists keys.
var redisCommands = []string{"ping", "echo", "hmget", "hset", "unlink", "eval", "evalsha"}

// What a server may write to its disk: each file has the states at most twice (a log is written anew when it has
// doubled), and beside the log there is another one while that is done.
const (
	redisFileBase = 64 << 20 // bytes of a file, beside twice the states
	redisFiles    = 3        // as large as that, at most
)

// largestFile is how large a file of the server's may become, in bytes.
func (c *RedisConfig) largestFile() int64 { return units.Add(units.Mul(2, c.Memory), redisFileBase) }

// largestDir is how much all of its files may have together, in bytes.
func (c *RedisConfig) largestDir() int64 { return units.Mul(redisFiles, c.largestFile()) }

// What a Redis server keeps of its states when it is killed.
const (
	PersistNone = "none" // nothing
	PersistRDB  = "rdb"  // a snapshot, written a minute after a change at the latest
	PersistAOF  = "aof"  // every write, in a log
)

func (c *RedisConfig) port() int {
	if c.Port > 0 {
		return c.Port
	}
	return RedisPort
}

// own is the address by which the agent beside the server reaches it.
func (c *RedisConfig) own() string {
	if c.Bind != "" {
		return c.Bind
	}
	return "127.0.0.1"
}

func (c *RedisConfig) validate() error {
	switch c.Persistence {
	case "", PersistNone, PersistRDB, PersistAOF:
	default:
		return fmt.Errorf("redis: persistence %q: write %s, %s or %s", c.Persistence, PersistNone, PersistRDB, PersistAOF)
	}
	switch c.Fsync {
	case "", "always", "everysec":
	default:
		return fmt.Errorf("redis: fsync %q: write always or everysec", c.Fsync)
	}
	if c.Dir == "" || strings.ContainsAny(c.Dir+c.Bind, "\"\\\n") {
		return fmt.Errorf("redis: the directory %q is none", c.Dir)
	}
	return nil
}

// text is the server's configuration, which it reads from its standard input: so no one finds the password in a file
// or in the list of processes. It has only a digest of it.
func (c *RedisConfig) text(password string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	bind := c.Bind
	if bind == "" {
		bind = "0.0.0.0" // the node's network is the testbed's, and eth0 may not be there yet
	}
	line("bind %s\nport %d\nprotected-mode no\ndaemonize no\ndatabases 1\ntcp-keepalive 0\ntimeout 0", bind, c.port())
	line("auto-aof-rewrite-min-size 4mb\ndir \"%s\"\nproto-max-bulk-len %d\nmaxclients %d", c.Dir, maxBody, maxServed)
	line("maxmemory %d\nmaxmemory-policy noeviction", c.Memory)
	allowed := "resetkeys resetchannels ~* -@all +" + strings.Join(redisCommands, " +")
	if password == "" {
		line("user default on nopass %s", allowed)
	} else {
		line("user default off\nuser %s on #%x %s", redisUser, sha256.Sum256([]byte(password)), allowed)
	}
	switch c.Persistence {
	case PersistAOF:
		fsync := "always"
		if c.Fsync != "" {
			fsync = c.Fsync
		}
		line("save \"\"\nappendonly yes\nappendfsync %s", fsync)
	case PersistRDB:
		line("save 60 1\nappendonly no\nstop-writes-on-bgsave-error no")
	default:
		line("save \"\"\nappendonly no")
	}
	return b.String()
}
