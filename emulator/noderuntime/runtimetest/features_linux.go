package runtimetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/units"
)

func (s *suite) progressCounts() {
	const count = 5
	var calls sync.Mutex
	var got []int
	nodes, err := s.runtime.Start(context.Background(), s.specs(s.prefix+"progress", count, Agent), func(ready int) {
		if !calls.TryLock() {
			s.Error("progress was called while it was being called")
			return
		}
		defer calls.Unlock()
		got = append(got, ready)
		time.Sleep(time.Millisecond)
	})
	if err != nil || len(nodes) != count {
		s.Fatalf("%d nodes, %v", len(nodes), err)
	}
	rising := slices.IsSorted(got) && len(got) == len(slices.Compact(slices.Clone(got)))
	if !rising || len(got) == 0 || got[len(got)-1] != count {
		s.Errorf("progress told %v, want rising numbers up to %d", got, count)
	}
}

func (s *suite) logger() noderuntime.Logger {
	s.Helper()
	logger, ok := s.runtime.(noderuntime.Logger)
	if !ok {
		s.Fatalf("the runtime %s keeps no logs", s.runtime.Name())
	}
	return logger
}

func (s *suite) logs(n noderuntime.Node) string {
	s.Helper()
	var out bytes.Buffer
	if err := s.logger().Logs(context.Background(), n, false, &out); err != nil {
		s.Fatal(err)
	}
	return out.String()
}

func (s *suite) logsAreKept() {
	bed := s.prefix + "logs"
	nodes := s.start(bed, 2)
	if got, want := s.logs(nodes[0]), Greeting+"\n"; got != want {
		s.Errorf("the node printed %q, want %q", got, want)
	}
	if err := syscall.Kill(nodes[0].PID, syscall.SIGTERM); err != nil {
		s.Fatal(err)
	}
	s.eventually("the node has ended", func() bool { return len(s.list(bed)) == 1 })
	if got := s.logs(nodes[0]); !strings.Contains(got, Greeting) {
		s.Errorf("the ended node printed %q", got)
	}
	stranger := nodes[1]
	stranger.Node, stranger.PID = "n7", 0
	err := s.logger().Logs(context.Background(), stranger, false, &bytes.Buffer{})
	if !errors.Is(err, noderuntime.ErrNoSuchNode) {
		s.Errorf("logs of a node that never was: %v", err)
	}
}

// watched is a buffer that another goroutine writes to.
type watched struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.Write(p)
}

func (w *watched) count(text string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Count(w.all.String(), text)
}

func (s *suite) logsAreFollowed() {
	nodes := s.start(s.prefix+"follow", 2)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var outs [2]watched
	var ended [2]chan error
	for i, n := range nodes {
		ended[i] = make(chan error, 1)
		go func() { ended[i] <- s.logger().Logs(ctx, n, true, &outs[i]) }()
		s.eventually("what was printed before is there", func() bool { return outs[i].count(Greeting) == 1 })
	}
	for i, n := range nodes {
		if err := syscall.Kill(n.PID, syscall.SIGHUP); err != nil {
			s.Fatal(err)
		}
		s.eventually("what was printed since is there", func() bool { return outs[i].count(Reminder) == 1 })
	}
	if err := syscall.Kill(nodes[0].PID, syscall.SIGTERM); err != nil {
		s.Fatal(err)
	}
	s.endsWithin("following a node that ends", ended[0])
	cancel()
	s.endsWithin("following that is called off", ended[1])
}

func (s *suite) endsWithin(what string, ended <-chan error) {
	s.Helper()
	if err := testenv.Receive(s.T, what+" ends", ended); err != nil {
		s.Errorf("%s: %v", what, err)
	}
}

// limitsAreSetOrRefused reads from the kernel what a node may use.
func (s *suite) limitsAreSetOrRefused() {
	bed := s.prefix + "limits"
	specs := s.specs(bed, 2, Agent)
	specs[0].Limits = noderuntime.Limits{CPU: 500, Memory: 64 * units.MiB}
	specs[1].Limits = noderuntime.Limits{CPU: 1 << 40, Memory: 1 << 60} // more than any host has
	nodes, err := s.runtime.Start(context.Background(), specs, nil)
	if errors.Is(err, noderuntime.ErrNotSupported) {
		if left := s.list(bed); len(left) > 0 {
			s.Errorf("left behind: %v", left)
		}
		s.Skip("the runtime sets no limits, and says so:", err)
	}
	if err != nil {
		s.Fatal(err)
	}
	if got := control(nodes[0].PID, "memory", "memory.limit_in_bytes", "memory.max"); got != "67108864" {
		s.Errorf("the kernel's limit of memory is %q, want 64 MiB", got)
	}
	if got := control(nodes[0].PID, "cpu", "cpu.cfs_quota_us", "cpu.max"); got != "50000" {
		s.Errorf("the kernel's limit of CPU is %q µs of 100000, want half", got)
	}
}

// control reads the first word of a control group's file: with the first version of control groups that of
// a controller, with the second the last name given.
func control(pid int, controller, first, second string) string {
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return err.Error()
	}
	path := ""
	for line := range strings.Lines(string(groups)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if slices.Contains(strings.Split(fields[1], ","), controller) {
			path = filepath.Join("/sys/fs/cgroup", controller, fields[2], first)
			break
		}
		if fields[1] == "" {
			path = filepath.Join("/sys/fs/cgroup", fields[2], second)
		}
	}
	value, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	word, _, _ := strings.Cut(strings.TrimSpace(string(value)), " ")
	return word
}

func (s *suite) unknownImagesAreRefused() {
	bed := s.prefix + "image"
	specs := s.specs(bed, 3, Agent)
	specs[1].Image = "tb-no-such-image:1"
	_, err := s.runtime.Start(context.Background(), specs, nil)
	if err == nil || !strings.Contains(err.Error(), specs[1].Image) {
		s.Errorf("got %v, want an error that names the image", err)
	}
	if left := s.list(bed); len(left) > 0 {
		s.Errorf("left behind: %v", left)
	}
}
