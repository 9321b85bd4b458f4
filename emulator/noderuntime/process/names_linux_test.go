package process

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestNamesOfSimilarTestbeds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "netns")
	node := func(testbed, name string) noderuntime.Node {
		return noderuntime.Node{Testbed: testbed, Node: name, NetNS: netnsPath(4711)}
	}
	nodes := []noderuntime.Node{node("a", "b-c"), node("a-b", "c"), node("a", "d.e"), node("a", "b-c")}
	if err := noderuntime.AddNames(dir, nodes); err != nil {
		t.Fatal(err)
	}
	// What is not ours stays, whatever it is called.
	for _, other := range []string{"tb-a.file", "mine"} {
		if err := os.WriteFile(filepath.Join(dir, other), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "tb-a.link")); err != nil {
		t.Fatal(err)
	}
	want := []string{"mine", "tb-a-b.c", "tb-a.b-c", "tb-a.d.e", "tb-a.file", "tb-a.link"}
	if got := entries(t, dir); !slices.Equal(got, want) {
		t.Fatalf("names %v, want %v", got, want)
	}
	for range 2 {
		if err := noderuntime.RemoveNames(dir, "a"); err != nil {
			t.Fatal(err)
		}
		if got, want := entries(t, dir), []string{"mine", "tb-a-b.c", "tb-a.file", "tb-a.link"}; !slices.Equal(got, want) {
			t.Fatalf("names %v, want %v", got, want)
		}
	}
	if err := noderuntime.AddNames(dir, []noderuntime.Node{node("a", "file")}); err == nil {
		t.Error("somebody else's file was replaced")
	}
}

func TestNamesDirectoryOfOthersStays(t *testing.T) {
	dir := t.TempDir()
	if err := noderuntime.AddNames(dir, []noderuntime.Node{{Testbed: "a", Node: "n", NetNS: netnsPath(1)}}); err != nil {
		t.Fatal(err)
	}
	if err := noderuntime.RemoveNames(dir, "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error("a directory that was there before was removed")
	}
}

func TestNamesLeadToTheNode(t *testing.T) {
	testenv.Privileged(t)
	testbed, r := bed("names"), testRuntime(t)
	clean(t, r, testbed)
	nodes, err := r.Start(context.Background(), nodeSpecs(testbed, t.TempDir(), 2, runtimetest.Agent), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		named, err := os.Stat(filepath.Join(r.Names, noderuntime.NetNSName(testbed, n.Node)))
		if err != nil {
			t.Fatal(err)
		}
		if own, err := os.Stat(n.NetNS); err != nil || !os.SameFile(named, own) {
			t.Errorf("the name of %s leads elsewhere (%v)", n.Node, err)
		}
	}
}
