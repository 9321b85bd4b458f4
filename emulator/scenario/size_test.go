package scenario

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
)

// largest is a scenario of as many nodes, links and events as are allowed, with all their keys.
func largest() string {
	var b strings.Builder
	b.WriteString("name: largest\ntopology:\n  nodes:\n    core: {kind: switch}\n")
	const nodes, links, events = 4999, 20000, 10000
	for i := range nodes {
		fmt.Fprintf(&b, "    neighbourhood-%04d-sensor: {kind: host, class: raspberry-pi, model: rpi3b+, arch: aarch64, "+
			"memory: 512MiB, cpu: 4, image: registry.example/functions/node:1.24, agent: true}\n", i)
	}
	b.WriteString("  links:\n")
	for i := range links {
		fmt.Fprintf(&b, "    - {name: neighbourhood-%05d-access, type: duplex, class: access, "+
			"endpoints: [neighbourhood-%04d-sensor, core], rate: {up: 20Mbps, down: 200Mbps}, "+
			"delay: {up: 12ms, down: 11ms}, jitter: {up: 1ms, down: 1ms}, loss: 0.1%%, "+
			"reorder: 0.1%%, duplicate: 0.1%%, corrupt: 0.1%%, queue: 256KiB}\n", i, i%nodes)
	}
	b.WriteString("events:\n")
	for i := range events {
		fmt.Fprintf(&b, "  - {from: %ds, to: %ds, link: neighbourhood-%05d-access, set: {rate: 1Mbps, loss: 2%%}}\n",
			i, i+1, i)
	}
	return b.String()
}

// What the limits of nodes, links and events allow fits into the limits of a file.
func TestTheLargestScenarioIsRead(t *testing.T) {
	text := largest()
	d := decoder{file: "f", where: map[string]position{}}
	if !d.readable([]byte(text)) {
		t.Fatalf("%d MB with %d marks: %v", len(text)>>20, countMarks([]byte(text)), d.errs)
	}
	// The nodes and one link for each are enough to go through all of it.
	head, _, _ := strings.Cut(text, "    - {name: neighbourhood-04999-access")
	s, err := Parse([]byte(head), "f", builtin.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if len(head) < 1<<20 || len(s.File.Topology.Nodes) != 5000 || len(s.File.Topology.Links) != 4999 {
		t.Errorf("%d bytes, %d nodes and %d links", len(head), len(s.File.Topology.Nodes), len(s.File.Topology.Links))
	}
}

// As many values as are read at all take a bounded memory, whatever they are.
func TestManyValuesAreCheap(t *testing.T) {
	for name, one := range map[string]string{
		"words": "a,", "mappings": "{},", "pairs": "{a: b},", "lists": "[a],", "nulls": "- \n", "keys": "? a\n",
		"nested": "[",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		text := strings.Repeat(one, (maxMarks-10)/countMarks([]byte(one+" ")))
		if one[len(one)-1] != '\n' {
			text = "x-x: [" + text + "]\n"
		}
		_, err := Parse([]byte(text), "f", builtin.Catalogue())
		runtime.ReadMemStats(&after)
		var all Errors
		took := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("%s: %d MB, %.150v", name, took, err)
		if !errors.As(err, &all) || len(all) > maxErrors+1 || took > 600 {
			t.Errorf("%s: %d MB, %d errors", name, took, len(all))
		}
	}
}
