package userspace

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/proc"
)

// Files in a testbed's state directory.
const (
	socketName = "fabric.sock"
	logName    = "fabric.log"
)

// parentFD is the process's end of the connection to the program that started it.
const parentFD = 3

// Main is the fabric process: args are the testbed's name and its state directory. It is started by
// Fabric.Apply, takes its network from the parent, and returns an exit code. Until the parent has
// confirmed the network it ends with the parent; from then on it lives until SIGTERM.
func Main(args []string) int {
	if len(args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: fabric-process TESTBED STATE-DIRECTORY (started by the testbed itself)")
		return 2
	}
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	// The engine's thread keeps one, and is never to wait for one.
	runtime.GOMAXPROCS(max(3, min(4, runtime.NumCPU())))
	debug.SetGCPercent(400)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, unix.SIGTERM)
	signal.Ignore(unix.SIGHUP, unix.SIGINT, unix.SIGPIPE)
	// The session has a scheduling group of its own, whose weight counts before a thread's.
	_ = os.WriteFile("/proc/self/autogroup", []byte("-20"), 0)
	// Where memory is short the nodes go first; without their fabric all would be lost.
	_ = proc.SetOOMScore(proc.OOMFabric)
	firstOfAll()

	failed := make(chan error, 1)
	s := newServer()
	go func() { failed <- s.start(args[1]) }()
	select {
	case <-ended:
		return 0
	case err := <-failed:
		log.Printf("%s: %v", args[0], err)
		return 1
	}
}

// start serves the parent until it confirms, and then everybody who may open the socket.
func (s *server) start(dir string) error {
	file := os.NewFile(parentFD, "parent")
	parent, err := net.FileConn(file)
	if err != nil {
		return fmt.Errorf("connection to the parent: %w", err)
	}
	_ = file.Close()
	listener, err := listen(dir)
	if err != nil {
		return err
	}
	confirmed := make(chan error, 1)
	go func() { confirmed <- s.serveParent(parent) }()
	if err := <-confirmed; err != nil {
		_ = os.Remove(filepath.Join(dir, socketName))
		return fmt.Errorf("ended with its parent, before the network was confirmed: %w", err)
	}
	if s.depends {
		go func() {
			_, _ = io.Copy(io.Discard, parent)
			_ = os.Remove(filepath.Join(dir, socketName))
			os.Exit(0)
		}()
	} else {
		_ = parent.Close()
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			_ = s.serve(conn)
		}()
	}
}

// listen opens the socket in dir. The way through the directory's descriptor has a length that a socket's
// address can hold.
func listen(dir string) (net.Listener, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if err := os.Remove(filepath.Join(dir, socketName)); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	l, err := net.Listen("unix", short(d))
	if err != nil {
		return nil, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	return l, os.Chmod(filepath.Join(dir, socketName), 0o600)
}

func short(dir *os.File) string { return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socketName) }
