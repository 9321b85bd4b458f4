package function

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"testbed/emulator/internal/cgroups"
)

// weight is the share of processors of an instance's group, of 100 for a process outside: agents and fabric go before.
const (
	weight = 50  // cgroup version 2, of 100
	shares = 512 // version 1, of 1024
)

// group is the control group of one instance: a directory in one hierarchy, or in several of version 1. nil is none.
type group struct {
	dirs    []string
	bounded bool // memory and pids are
}

var groups atomic.Int64 // that this process has made

// newGroup makes the control group of an instance; nil where the host lets nobody make one.
func newGroup(p *Program) (*group, error) {
	if p.Group == "" {
		return nil, nil
	}
	var host unix.Utsname
	_ = unix.Uname(&host) // the node's name makes its agents' groups different; without, their number in the node does
	name := fmt.Sprintf("%.64s.%d.%d", unix.ByteSliceToString(host.Nodename[:]), os.Getpid(), groups.Add(1))
	g := &group{}
	limits := map[string]bool{}
	for controller, root := range cgroups.Hierarchies() {
		parent := filepath.Join(root, cgroups.Functions, p.Group)
		dir := filepath.Join(parent, name)
		if controller == "" && delegate(root, filepath.Join(root, cgroups.Functions), parent) != nil {
			continue
		}
		err := os.MkdirAll(dir, 0o755)
		if errors.Is(err, fs.ErrNotExist) { // another agent has just taken the empty parent away
			if controller == "" {
				_ = delegate(root, filepath.Join(root, cgroups.Functions), parent) // MkdirAll tells
			}
			err = os.MkdirAll(dir, 0o755)
		}
		if err != nil {
			if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
				continue
			}
			g.remove()
			return nil, fmt.Errorf("its control group: %w", err)
		}
		g.dirs = append(g.dirs, dir)
		for _, c := range settings(controller, p) {
			err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.value), 0)
			limits[c.of] = limits[c.of] || err == nil
		}
	}
	if len(g.dirs) == 0 {
		return nil, nil
	}
	g.bounded = (p.Memory == 0 || limits["memory"]) && (p.Processes == 0 || limits["pids"])
	return g, nil
}

// delegate makes version 2's controllers available to groups below.
func delegate(dirs ...string) error {
	for _, dir := range dirs {
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		for _, controller := range []string{"+memory", "+pids", "+cpu"} {
			_ = os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte(controller), 0) // settings show what is there
		}
	}
	return nil
}

type setting struct{ of, file, value string }

// settings are the limits in a group's files. Memory has no swap beside it.
func settings(controller string, p *Program) []setting {
	memory, pids := strconv.FormatInt(p.Memory, 10), strconv.Itoa(p.Processes)
	var all []setting
	add := func(of, file, value string) { all = append(all, setting{of, file, value}) }
	switch controller {
	case "":
		if p.Memory > 0 {
			add("memory", "memory.max", memory)
			add("swap", "memory.swap.max", "0")
			add("oom", "memory.oom.group", "1")
		}
		if p.Processes > 0 {
			add("pids", "pids.max", pids)
		}
		add("cpu", "cpu.weight", strconv.Itoa(weight))
	case "memory":
		if p.Memory > 0 {
			add("memory", "memory.limit_in_bytes", memory)
			add("swap", "memory.memsw.limit_in_bytes", memory)
		}
	case "pids":
		if p.Processes > 0 {
			add("pids", "pids.max", pids)
		}
	case "cpu":
		add("cpu", "cpu.shares", strconv.Itoa(shares))
	}
	return all
}

// bounds says whether the group holds the program to its limits.
func (g *group) bounds() bool { return g != nil && g.bounded }

// add puts a process into the group.
func (g *group) add(pid int) error {
	if g == nil {
		return nil
	}
	for _, dir := range g.dirs {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil {
			return fmt.Errorf("putting it into its control group: %w", err)
		}
	}
	return nil
}

// killed says whether the kernel ended something of the group for its memory.
func (g *group) killed() bool { return g != nil && g.bounded && g.oom() }

func (g *group) oom() bool {
	for _, dir := range g.dirs {
		for _, file := range []string{"memory.events", "memory.oom_control"} {
			text, _ := os.ReadFile(filepath.Join(dir, file)) // the other version has it not
			if _, after, found := strings.Cut("\n"+string(text), "\noom_kill "); found && !strings.HasPrefix(after, "0") {
				return true
			}
		}
	}
	return false
}

// remove takes the group away, whose processes have ended or are ending.
func (g *group) remove() {
	if g == nil {
		return
	}
	for _, dir := range g.dirs {
		cgroups.Remove(dir)
	}
}
