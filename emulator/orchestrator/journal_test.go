package orchestrator

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestJournalSurvivesAndIsRemoved(t *testing.T) {
	store := Store(filepath.Join(t.TempDir(), "store"))
	if _, err := store.Read("one"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("reading what is not there: %v", err)
	}
	want := &Journal{
		Testbed: "one", Phase: Starting, Runtime: "process", Nodes: []NodeRecord{{Name: "pi", Addr: "10.64.0.1"}},
	}
	if err := store.Write(want); err != nil {
		t.Fatal(err)
	}
	got, err := store.Read("one")
	if err != nil || got.Phase != Starting || len(got.Nodes) != 1 || got.Nodes[0] != want.Nodes[0] {
		t.Fatalf("read back %+v, %v", got, err)
	}
	if names, err := store.Names(); err != nil || len(names) != 1 || names[0] != "one" {
		t.Fatalf("names %v, %v", names, err)
	}
	if err := store.Remove("one"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(string(store)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the empty store is still there: %v", err)
	}
}

func TestLockExcludes(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("testbeds run on Linux only")
	}
	store := Store(filepath.Join(t.TempDir(), "store"))
	release, err := store.lock(context.Background(), "one")
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := store.lock(short, "one"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a second lock: %v", err)
	}
	other, err := store.lock(context.Background(), "two")
	if err != nil {
		t.Fatalf("another testbed's lock: %v", err)
	}
	other()
	release()
	again, err := store.lock(context.Background(), "one")
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	again()
}

func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{"iiot": true, "a": true, "a-1": true, strings.Repeat("a", 31): true,
		"": false, "-a": false, "A": false, "a/b": false, "..": false, strings.Repeat("a", 32): false} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
}

func TestHostsFileNamesEveryStation(t *testing.T) {
	_, stations := cell(t)
	text := hostsFile(stations)
	for _, want := range []string{"10.64.0.1 a\n", "10.64.0.2 b\n", "10.64.0.3 server\n", "127.0.0.1 localhost\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %q in %q", want, text)
		}
	}
}
