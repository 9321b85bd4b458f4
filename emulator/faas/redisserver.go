package faas

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"
)

// startLimit is how long a Redis server may take to read its files.
const startLimit = time.Minute

// redisServer is a Redis server that runs until it is closed: one that ends is started again.
type redisServer struct {
	config   RedisConfig
	states   redisStates // through the node's own address
	restarts atomic.Int64

	mu      sync.Mutex
	process *os.Process
	closed  bool
	ended   chan struct{} // closed when it does not run any more
	keys    map[string]bool
}

// startRedis starts the server of an agent and returns when it serves.
func startRedis(ctx context.Context, a *Agent, config RedisConfig) (*redisServer, error) {
	if config.Memory <= 0 {
		config.Memory = a.config.memory()
	}
	s := &redisServer{config: config, ended: make(chan struct{}), keys: map[string]bool{}}
	s.states = redisStates{Agent: a, address: redisScheme + net.JoinHostPort(config.own(), strconv.Itoa(config.port()))}
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return nil, err
	}
	cmd, output, err := s.launch()
	if err != nil {
		return nil, err
	}
	first := make(chan error, 1)
	go s.supervise(cmd, output, first)
	go s.watchFiles(ctx, a.failed)
	ready, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("it is not ready after %v", startLimit))
	defer cancel()
	if err := s.await(ready, first); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// launch starts the server's process. output is what it prints.
func (s *redisServer) launch() (*exec.Cmd, *tail, error) {
	command := s.config.Command
	if len(command) == 0 {
		command = []string{redisProgram}
	}
	path, err := findRedis(command[0])
	if err != nil {
		return nil, nil, fmt.Errorf("the repository is a Redis server, and %w: install it (apt-get install redis-server), "+
			"or say an image that has it in state.repository", err)
	}
	cmd, output := exec.Command(path, append(command[1:len(command):len(command)], "-")...), &tail{}
	cmd.Args[0] = command[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(s.config.text(s.states.password)), output, output
	cmd.Dir = s.config.Dir
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, errors.New("the agent ends")
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	boundFiles(cmd.Process.Pid, s.config.largestFile())
	s.process = cmd.Process
	return cmd, output, nil
}

// redisProgram is the server's name.
const redisProgram = "redis-server"

// findRedis finds a program in PATH. Debian's package redis-tools has the server under another name, which it goes by
// where it is called so; the package redis-server adds the name, and a service of the system.
func findRedis(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil && name == redisProgram {
		if other, there := exec.LookPath("redis-check-rdb"); there == nil {
			return other, nil
		}
	}
	return path, err
}

// supervise waits for the server to end, and starts it again until it is closed. first gets why it ended the first
// time.
func (s *redisServer) supervise(cmd *exec.Cmd, output *tail, first chan<- error) {
	defer close(s.ended)
	for {
		err := cmd.Wait() // in a node, whose first process reaps all, it says only that it has ended
		select {
		case first <- fmt.Errorf("redis-server ended (%w): %s", err, output.text()):
		default:
		}
		for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
			time.Sleep(pause)
			if s.isClosed() {
				return
			}
			if cmd, output, err = s.launch(); err == nil {
				break
			}
		}
		s.restarts.Add(1)
	}
}

// await waits until the server answers.
func (s *redisServer) await(ctx context.Context, first <-chan error) error {
	for {
		err := s.states.once(ctx, &message{}, 0, func(c redis.Conn) error {
			_, err := redis.String(c.Do("PING"))
			return err
		})
		if err == nil {
			return nil
		}
		if !passing(err) {
			return fmt.Errorf("redis-server: %w", err)
		}
		select {
		case err := <-first:
			return err
		case <-ctx.Done():
			return fmt.Errorf("redis-server: %w: %w", context.Cause(ctx), err)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (s *redisServer) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// kill ends the server's process, and it is started again.
func (s *redisServer) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		_ = s.process.Kill() // it may have ended by itself
	}
}

// close ends the server for good.
func (s *redisServer) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.kill()
	<-s.ended
}

// tail keeps the last of what a program prints.
type tail struct {
	mu   sync.Mutex
	last []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	t.last = bytes.Clone(t.last[max(0, len(t.last)-maxReason/2):])
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return printable(strings.TrimSpace(string(t.last)))
}
