package rundelay

import (
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const tasks = "/proc/self/task"

// Thread reads of one thread. The zero value reads 0.
type Thread struct {
	opened bool
	fd     int
}

// OfCaller reads of the calling thread, as long as that lives.
func OfCaller() Thread { return open(strconv.Itoa(unix.Gettid())) }

func open(thread string) Thread {
	fd, err := unix.Open(tasks+"/"+thread+"/schedstat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return Thread{opened: err == nil, fd: fd}
}

// Read is the time so far, in ns; ok is false where it is not known, as of a thread that has ended.
func (t Thread) Read() (ns int64, ok bool) {
	if !t.opened {
		return 0, false
	}
	var text [96]byte
	n, err := unix.Pread(t.fd, text[:], 0)
	if err != nil {
		return 0, false
	}
	return parse(text[:n]), true
}

func (t Thread) close() { _ = unix.Close(t.fd) }

// every is how often a Process looks for new threads.
const every = time.Second

// Process reads of all threads of this process. Its methods may be called at the same time.
type Process struct {
	mu      sync.Mutex
	threads map[string]Thread
	listed  time.Time
	ended   int64 // ns: of threads that have ended
	last    map[string]int64
}

// NewProcess begins with the threads there are.
func NewProcess() *Process {
	return &Process{threads: map[string]Thread{}, last: map[string]int64{}}
}

// Read is the sum over all threads so far, in ns. It never decreases. A thread that was begun since the last look for
// new ones, at most a second ago, is not in it yet.
func (p *Process) Read() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.listed) >= every {
		p.listed = now
		p.list()
	}
	sum := p.ended
	for id, t := range p.threads {
		ns, ok := t.Read()
		if !ok {
			ns = p.last[id]
			p.ended += ns
			t.close()
			delete(p.threads, id)
			delete(p.last, id)
		} else {
			ns = max(ns, p.last[id])
			p.last[id] = ns
		}
		sum += ns
	}
	return sum
}

func (p *Process) list() {
	names, err := os.ReadDir(tasks)
	if err != nil {
		return
	}
	for _, e := range names {
		if _, known := p.threads[e.Name()]; known {
			continue
		}
		if t := open(e.Name()); t.opened {
			p.threads[e.Name()] = t
		}
	}
}

// Close gives the files back.
func (p *Process) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, t := range p.threads {
		p.ended += p.last[id]
		t.close()
		delete(p.threads, id)
	}
	p.listed = time.Now().Add(1 << 62)
}
