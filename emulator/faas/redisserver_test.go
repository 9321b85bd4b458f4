package faas

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/gomodule/redigo/redis"

	"testbed/emulator/topology"
)

// dialRedis connects to the server of a node.
func (c *cluster) dialRedis(t *testing.T, node topology.ID) redis.Conn {
	t.Helper()
	config := c.agents[node].redis.config
	conn, err := redis.Dial("tcp", net.JoinHostPort(config.own(), strconv.Itoa(config.port())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Who has no password can do nothing with a server; who has it can do what the client needs, and no more.
func TestRedisAllowsWhatIsNeeded(t *testing.T) {
	c, _ := onStore(t, kept{"redis", "redis", RedisConfig{Persistence: PersistAOF}})
	stranger, user := c.dialRedis(t, cloud), c.dialRedis(t, cloud)
	for _, login := range [][]any{{"secret"}, {"default", "secret"}, {"default", ""}, {redisUser, "wrong"}} {
		if _, err := stranger.Do("AUTH", login...); err == nil {
			t.Errorf("AUTH %v is accepted", login)
		}
	}
	if _, err := stranger.Do("PING"); err == nil || !strings.HasPrefix(err.Error(), "NOAUTH") {
		t.Errorf("without a password: %v", err)
	}
	if _, err := user.Do("AUTH", redisUser, "secret"); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{
		"CONFIG GET dir", "MODULE LIST", "DEBUG SLEEP 0", "SCRIPT FLUSH", "SHUTDOWN", "KEYS *", "FLUSHALL", "ACL LIST", "SAVE",
		"BGREWRITEAOF", "REPLICAOF 127.0.0.1 1", "MONITOR", "CLIENT LIST", "FUNCTION LIST", "MIGRATE 127.0.0.1 1 x 0 1",
		"SUBSCRIBE x", "GET x", "SCAN 0",
	} {
		words := strings.Fields(command)
		args := make([]any, len(words)-1)
		for i, w := range words[1:] {
			args[i] = w
		}
		_, err := user.Do(words[0], args...)
		if err == nil || !strings.HasPrefix(err.Error(), "NOPERM") && !strings.Contains(err.Error(), "not allowed") {
			t.Errorf("%s: %v", command, err)
		}
	}
	if _, err := user.Do("EVAL", "return redis.call('CONFIG', 'GET', 'dir')", 0); err == nil {
		t.Error("a script may do what its user may not")
	}
}

// No server is without a bound for its states; what is beyond it is refused and said, and what is there is kept.
func TestRedisMemoryIsBounded(t *testing.T) {
	c, store := onStore(t, kept{"redis", "redis", RedisConfig{Memory: 8 << 20}})
	if own := c.agents[central].redis.config.Memory; own != 8<<20 {
		t.Errorf("a bound of %d bytes", own)
	}
	keeper, address := c.clients[cloud], c.repository(store, cloud)
	seeded, err := 0, error(nil)
	for ; seeded < 20 && err == nil; seeded++ {
		err = keeper.Seed(t.Context(), markedKey(address, fmt.Sprintf("run/bounded/0/%d", seeded)), 1<<20)
	}
	if err == nil || !strings.Contains(err.Error(), errFull.Error()) || seeded < 4 {
		t.Errorf("after %d MiB in 8: %v", seeded, err)
	}
	if v, err := keeper.Check(t.Context(), markedKey(address, "run/bounded/0/0")); err != nil || !v.Intact {
		t.Errorf("the first: %+v, %v", v, err)
	}
	unsaid, _ := onStore(t, kept{"redis", "redis", RedisConfig{}})
	for _, a := range unsaid.agents[2:] {
		if want := a.config.memory(); a.redis.config.Memory != want {
			t.Errorf("a bound of %d bytes, want the agent's %d", a.redis.config.Memory, want)
		}
	}
}

// The password is in no argument, no environment and no file of a server.
func TestRedisKeepsThePassword(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	const password = "secret"
	c, _ := onStore(t, kept{"redis", "redis", RedisConfig{Persistence: PersistAOF}})
	s := c.agents[cloud].redis
	s.mu.Lock()
	pid := s.process.Pid
	s.mu.Unlock()
	looked := []string{fmt.Sprintf("/proc/%d/cmdline", pid)}
	err := filepath.WalkDir(s.config.Dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			looked = append(looked, path)
		}
		return err
	})
	if err != nil || len(looked) < 2 {
		t.Fatalf("files %v, %v", looked, err)
	}
	for _, path := range looked {
		if text, err := os.ReadFile(path); err != nil || bytes.Contains(text, []byte(password)) {
			t.Errorf("%s has the password, or cannot be read: %v", path, err)
		}
	}
	if text := s.config.text(password); strings.Contains(text, password) {
		t.Errorf("the configuration has the password: %s", text)
	}
	if info, err := os.Stat(s.config.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	want := strconv.FormatInt(s.config.largestFile(), 10)
	if err != nil || !strings.Contains(string(limits), want) {
		t.Errorf("no limit of %s bytes for a file in %s, %v", want, limits, err)
	}
}

// A server whose files grow beyond their bound ends its node, and says so.
func TestRedisFilesAreBounded(t *testing.T) {
	c, _ := onStore(t, kept{"redis", "redis", RedisConfig{Persistence: PersistAOF, Memory: 1 << 20}})
	a := c.agents[cloud]
	file, err := os.Create(filepath.Join(a.redis.config.Dir, "appendonlydir", "more"))
	if err == nil {
		err = file.Truncate(a.redis.config.largestDir() + 1) // a hole
	}
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	if err := <-a.failed; !strings.Contains(err.Error(), "where it may have") {
		t.Error(err)
	}
}
