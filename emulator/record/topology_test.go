package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"testbed/emulator/topology"
	"testbed/emulator/units"
)

func small() *topology.Topology {
	t := topology.New("small")
	medium := topology.Shape{Rate: 50_000_000, Delay: 3 * time.Millisecond, Loss: 0.1, Queue: 7}
	there, back := topology.Shape{Rate: 1, Jitter: 5, Reorder: 0.2}, topology.Shape{Duplicate: 0.3, Corrupt: 0.4}
	for _, v := range []topology.Vertex{
		{
			Name: "a", Kind: topology.Host, Class: "rpi3b+", Memory: units.ByteSize(1 << 30), CPU: 500,
			Arch: "arm32", Type: "sbc", Model: "rpi3b+",
		},
		{Name: "cloud", Kind: topology.Cloud},
		{Name: "wlan", Kind: topology.Link, LinkType: topology.Shared, Shape: [2]topology.Shape{medium}},
		{Name: "cable", Kind: topology.Link, Shape: [2]topology.Shape{there, back}},
		{Name: "sw", Kind: topology.Switch},
		{Name: "up", Kind: topology.Link, LinkType: topology.Uplink},
	} {
		if _, err := t.Add(v); err != nil {
			panic(err)
		}
	}
	t.Join(0, 2, time.Millisecond)
	t.Join(2, 4, 0)
	t.Connect(4, 3, 0)
	t.Connect(3, 1, 0)
	t.EdgeNetwork, t.EdgeOrder = 5, []topology.ID{2, 0, 4}
	return t
}

func TestTopologyIsGivenBack(t *testing.T) {
	dir, want := t.TempDir(), small()
	if _, err := ReadTopology(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := WriteTopology(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadTopology(dir)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%v\n%+v\n%+v", err, got, want)
	}
	if id, ok := got.Lookup("sw"); !ok || id != 4 {
		t.Errorf("sw is %d, %v", id, ok)
	}
}

func TestTopologyThatIsNone(t *testing.T) {
	dir := t.TempDir()
	if err := WriteTopology(dir, small()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, TopologyFile)
	good, _ := os.ReadFile(path)
	for old, changed := range map[string]string{
		`"kind": "switch"`: `"kind": "router"`, `"link": "shared"`: `"link": "x"`, `"name": "sw"`: `"name": "a"`,
		`"to": 4`: `"to": 99`, `"edge_vertices": 5`: `"edge_vertices": 50`, `"edge_order": [`: `"edge_order": [-1,`, `{`: `[`,
	} {
		text := strings.Replace(string(good), old, changed, 1)
		if text == string(good) {
			t.Fatalf("%s is not in the file", old)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadTopology(dir); err == nil {
			t.Errorf("%s passes", changed)
		}
	}
}
