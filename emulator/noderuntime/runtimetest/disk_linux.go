package runtimetest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// mostLogged bounds what is kept of a node's output, in bytes.
const mostLogged = 8 << 20

// numbered takes numbered lines, and keeps none: how many bytes came, and the first line that does not come after all
// before it.
type numbered struct {
	bytes atomic.Int64
	begun []byte // a line whose end is to come
	last  int
	wrong atomic.Pointer[string]
}

func (n *numbered) Write(p []byte) (int, error) {
	n.bytes.Add(int64(len(p)))
	n.begun = append(n.begun, p...)
	for {
		line, rest, whole := bytes.Cut(n.begun, []byte{'\n'})
		if !whole {
			return len(p), nil
		}
		number := 0
		if _, err := fmt.Sscanf(string(line), "line %d ", &number); err == nil {
			if number <= n.last && n.last > 0 {
				text := fmt.Sprintf("line %d after line %d", number, n.last)
				n.wrong.CompareAndSwap(nil, &text)
			}
			n.last = number
		}
		n.begun = rest
	}
}

// logsAreBounded: of a node that prints for ever the newest is kept, and following it loses no place.
func (s *suite) logsAreBounded() {
	specs := s.specs(s.prefix+"loud", 1, LoudAgent)
	node := s.someOf(specs, 0)[0]
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var followed numbered
	ended := make(chan error, 1)
	go func() { ended <- s.logger().Logs(ctx, node, true, &followed) }()
	s.eventually("the beginning is gone", func() bool {
		var out bytes.Buffer
		if err := s.logger().Logs(context.Background(), node, false, &out); err != nil {
			s.Fatal(err)
		}
		if out.Len() > mostLogged {
			s.Fatalf("%d bytes are kept", out.Len())
		}
		return out.Len() > 0 && !strings.Contains(out.String(), "line 1 ") && strings.Contains(out.String(), "line ")
	})
	files, err := os.ReadDir(s.dir)
	if err != nil {
		s.Fatal(err)
	}
	for _, file := range files {
		if info, err := file.Info(); err == nil && info.Size() > mostLogged/2 {
			s.Errorf("%s has %d bytes", file.Name(), info.Size())
		}
	}
	for range 3 { // also over what is put away meanwhile
		seen := followed.bytes.Load()
		s.eventually("following goes on", func() bool {
			select {
			case err := <-ended:
				s.Fatalf("following has ended after %d bytes: %v", followed.bytes.Load(), err)
			default:
			}
			return followed.bytes.Load() > seen+mostLogged/16
		})
	}
	cancel()
	s.endsWithin("following that is called off", ended)
	if wrong := followed.wrong.Load(); wrong != nil {
		s.Errorf("following lost its place: %s", *wrong)
	}
}

// fullDiskLeaksNothing starts nodes whose directory's disk is full.
func (s *suite) fullDiskLeaksNothing() {
	bed := s.prefix + "full"
	disk := filepath.Join(s.TempDir(), "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		s.Fatal(err)
	}
	if err := unix.Mount("tb-disk", disk, "tmpfs", 0, "size=64k,nr_inodes=16"); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			s.Error(err)
		}
	})
	specs := s.specs(bed, 3, Agent) // their removal comes before the disk's
	for i := range specs {
		specs[i].Dir = disk
	}
	nodes := s.someOf(specs, 0) // while there is space
	for i := 0; ; i++ {
		file, err := os.Create(filepath.Join(disk, fmt.Sprint("full", i)))
		if err != nil {
			break
		}
		_, _ = file.Write(make([]byte, 64<<10)) // as much as there is
		file.Close()
	}
	if _, err := s.runtime.Start(context.Background(), specs[1:], nil); err == nil {
		s.Error("nodes were started that have no place for a file")
	}
	if got := s.list(bed); len(got) != 1 || got[0] != nodes[0] {
		s.Errorf("there are %v, want %v", got, nodes)
	}
	if err := s.runtime.Stop(context.Background(), nodes); err != nil {
		s.Error(err)
	}
	if err := s.runtime.Remove(context.Background(), bed, nodes); err != nil {
		s.Error(err)
	}
	if got := s.list(bed); len(got) != 0 {
		s.Errorf("left: %v", got)
	}
}
