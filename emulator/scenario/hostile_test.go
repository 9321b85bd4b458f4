package scenario

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/internal/readfile"
)

// numbered repeats a line with its number until a file has so many bytes.
func numbered(size int, line string) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, line, i)
	}
	return b.String()
}

// ring repeats a line with numbers from 1 to n, and the one before each.
func ring(n int, line string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, line, i+1, i)
	}
	return b.String()
}

// Whatever a file of the size allowed says, checking it takes a bounded memory and says a bounded number of errors.
func TestHostileFilesAreCheap(t *testing.T) {
	const size = 1<<20 - 1000 // TestManyValuesAreCheap tries more
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s*%c]\n", c, c, strings.Repeat(fmt.Sprintf("*%c,", c-1), 8), c-1)
	}
	for name, text := range map[string]string{
		"nested lists": fill("["), "nested mappings": fill("{"), "nested blocks": fill("- "), "questions": fill("? "),
		"aliases": bomb,
		"keys":    numbered(size, "k%d:\n"), "one key": fill("'':\n"), "anchors": numbered(size, "- &a%d x\n"),
		"words": "models: [" + fill("a,") + "]",
		"links": "topology:\n  links: [" + fill("{},") + "]", "nodes": "topology:\n  nodes:\n" + numbered(size,
			"    n%d: {kind: host, memory: 1GiB, cpu: 4}\n"),
		"jobs": "workload:\n  jobs:\n" + numbered(size, "    - {name: a%d, tasks: {f: {ops: 1}}}\n"),
		"no tasks": "workload:\n  jobs:\n    - name: a\n      tasks:\n" +
			numbered(400_000, "        a%d: {ops: 1, after: [b, c, d]}\n"),
		"one ring": "workload:\n  jobs:\n    - name: a\n      tasks:\n        a0: {ops: 1, after: a9000}\n" +
			ring(9000, "        a%d: {ops: 1, after: a%d}\n"),
		"no states": "workload:\n  jobs:\n    - name: a\n      tasks:\n" +
			numbered(300_000, "        a%d: {ops: 1, states: [b, c, d, e, f, g]}\n"),
		"repeated lists": "x: &x [" + strings.Repeat("[a],",
			size/8) + "]\nevents:\n- {at: 1s, partition: [" + strings.Repeat("*x,", size/8) + "]}\n",
		"merges": "x: &x {name: a}\ny: &y\n  <<: [" + fill("*x,") + "]\ntopology: *y\n",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse([]byte(text), "hostile.yaml", builtin.Catalogue())
		runtime.ReadMemStats(&after)
		var all Errors
		if !errors.As(err, &all) || len(all) > maxErrors+1 {
			t.Errorf("%s: %d errors", name, len(all))
		}
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 300 {
			t.Errorf("%s: %d MB were taken", name, took)
		}
	}
}

// A scenario, and the files that it names, are regular files.
func TestFilesThatAreNone(t *testing.T) {
	dir := t.TempDir()
	for name, target := range map[string]string{"device": "/dev/zero", "directory": dir} {
		link := filepath.Join(dir, name)
		if err := os.Symlink(target, link); err != nil {
			t.Skip(err)
		}
		if _, err := Load(link, builtin.Catalogue()); !errors.Is(err, readfile.ErrNotRegular) {
			t.Errorf("a scenario that is a %s: %v", name, err)
		}
		text := "name: x\nmodels: [in-client]\nworkload: {trace: " + name + "}\ntopology: {synth: {kind: iiot}}\n"
		s, err := Parse([]byte(text), filepath.Join(dir, "x.yaml"), builtin.Catalogue())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Jobs(); !errors.Is(err, readfile.ErrNotRegular) {
			t.Errorf("a trace that is a %s: %v", name, err)
		}
		for _, suffix := range []string{".nodes", ".links", ".edges"} {
			if err := os.Symlink(target, filepath.Join(dir, name+suffix)); err != nil {
				t.Fatal(err)
			}
		}
		text = "name: x\nmodels: [in-client]\ntopology: {ether: " + name + "}\n"
		if s, err = Parse([]byte(text), filepath.Join(dir, "x.yaml"), builtin.Catalogue()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Topology(); !errors.Is(err, readfile.ErrNotRegular) {
			t.Errorf("an ether topology that is a %s: %v", name, err)
		}
	}
}
