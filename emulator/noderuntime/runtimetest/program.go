// Package runtimetest holds what every node runtime must do, as a test suite, and the program that the
// suite runs in nodes.
package runtimetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"testbed/emulator/noderuntime"
)

// The arguments by which Main knows what it is to be. An agent is a node's first process; a probe is
// executed in a node.
const (
	Agent      = "runtimetest-agent"       // becomes ready and stays until SIGTERM; SIGHUP makes it write Reminder
	LateAgent  = "runtimetest-agent-never" // stays and never becomes ready
	LoudAgent  = "runtimetest-agent-loud"  // becomes ready and prints numbered lines for ever
	DyingAgent = "runtimetest-agent-dies"  // says why and exits with status 3
	Probe      = "runtimetest-probe"
)

// Catching is what a probe writes that is ready for signals.
const Catching = "ready for signals"

// Reminder is what an agent writes to its output when it gets SIGHUP.
const Reminder = "the agent is still here"

// Greeting is what an agent writes to its output.
const Greeting = "the agent is here"

// LastWords are what a DyingAgent writes to its error output.
const LastWords = "the agent cannot go on"

// Main is the program of the suite's nodes: the binary that a tested runtime runs calls it with its
// arguments. ok is false where they are not for it.
func Main(args []string) (code int, ok bool) {
	if len(args) == 0 {
		return 0, false
	}
	switch args[0] {
	case Agent:
		return agent(args[1:], noderuntime.Ready), true
	case LateAgent:
		return agent(nil, func() error { return nil }), true
	case LoudAgent:
		return loud(noderuntime.Ready), true
	case DyingAgent:
		fmt.Fprintln(os.Stderr, LastWords)
		return 3, true
	case Probe:
		return probe(args[1:]), true
	}
	return 0, false
}

// loud prints without end, some megabytes a second.
func loud(ready func() error) int {
	if err := ready(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	rest := strings.Repeat(".", 100)
	for i := 0; ; i++ {
		fmt.Printf("line %d %s\n", i, rest)
		if i%100 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// agent starts what follows an argument -- beside itself, as a node's agent is asked to.
func agent(args []string, ready func() error) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP)
	fmt.Println(Greeting)
	if at := slices.Index(args, "--"); at >= 0 {
		beside := exec.Command(args[at+1], args[at+2:]...)
		beside.Stdout, beside.Stderr = os.Stdout, os.Stderr
		if err := beside.Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	if err := ready(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for s := range signals {
		if s == syscall.SIGTERM {
			break
		}
		fmt.Println(Reminder)
	}
	return 0
}

// facts are what a probe sees from inside.
type facts struct {
	Host    string
	Hosts   string   // content of /etc/hosts
	First   []string // command line of process 1
	Seen    int      // number of processes
	Links   map[string]string
	NetNS   string
	Zombies int
	Orphans int // children of process 1
}

// probe carries out a command of the suite inside a node.
func probe(args []string) int {
	switch args[0] {
	case "facts":
		if err := json.NewEncoder(os.Stdout).Encode(look()); err != nil {
			return 1
		}
	case "upper": // standard input in upper case to standard output, its length to standard error
		data, _ := io.ReadAll(os.Stdin)
		fmt.Print(strings.ToUpper(string(data)))
		fmt.Fprint(os.Stderr, len(data))
	case "exit":
		code, _ := strconv.Atoi(args[1])
		return code
	case "kill": // itself
		number, _ := strconv.Atoi(args[1])
		self, _ := os.FindProcess(os.Getpid())
		_ = self.Signal(syscall.Signal(number))
		time.Sleep(5 * time.Second)
	case "catch": // says which signals come, until SIGTERM
		return catch()
	case "sleep":
		d, _ := time.ParseDuration(args[1])
		time.Sleep(d)
	case "orphan": // leaves a process behind that ends a little later
		child := exec.Command("/proc/self/exe", Probe, "sleep", args[1])
		if err := child.Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	default:
		return 2
	}
	return 0
}

// catch says when it is ready, and the name of each signal that comes; SIGTERM ends it with status 5.
func catch() int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGTERM)
	fmt.Println(Catching)
	for s := range signals {
		fmt.Println("caught", s)
		if s == syscall.SIGTERM {
			return 5
		}
	}
	return 0
}

func look() facts {
	f := facts{Links: map[string]string{}}
	f.Host, _ = os.Hostname()
	hosts, _ := os.ReadFile("/etc/hosts")
	f.Hosts = string(hosts)
	line, _ := os.ReadFile("/proc/1/cmdline")
	f.First = strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
	f.NetNS, _ = os.Readlink("/proc/self/ns/net")
	links, _ := net.Interfaces()
	for _, l := range links {
		f.Links[l.Name] = l.Flags.String()
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		f.Seen++
		_, after, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(after); len(fields) > 1 {
			if fields[0] == "Z" {
				f.Zombies++
			}
			if fields[1] == "1" {
				f.Orphans++
			}
		}
	}
	return f
}
