package architecture

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layers orders the packages of emulator/ from the bottom up: a package imports only packages of lower
// layers, or those of its own entry. A package belongs to the entry that is the longest prefix of its path:
// topology/ether to topology, but live/sampler to an entry of its own, lower than live.
var layers = [][]string{
	{"units", "health", "faas/instance"},
	{"catalogue"},
	{"topology", "workload", "netns"},
	{"placement", "dispatch", "profile", "machines"},
	{"plan"},
	{"predict", "scenario", "fabric", "noderuntime", "faas"},
	{"fabric/spread"}, // a fabric by way of what machines' runtimes are reached by
	{"record", "events", "node", "canary", "machines/carrier", "capture"},
	{"influx", "machines/seat"},
	{"compare", "replay", "live/sampler", "hostload"},
	{"report"},
	{"campaign", "resolved", "orchestrator"},
	{"doctor", "verify", "capacity"},
	{"run"},
	{"experiment"},
	{"live"},     // shows what run and live/sampler tell
	{"live/web"}, // shows live as a page
	{"."},        // the library
	{"cli"},
}

// pure are the packages that know nothing of an operating system: they must not import these.
var (
	pure = []string{
		"units", "health", "catalogue", "topology", "workload", "profile", "scenario", "placement", "dispatch", "plan",
		"predict", "compare", "report", "machines",
		"campaign", "resolved", "events",
	}
	system = []string{
		"os/exec", "syscall", "golang.org/x/sys", "github.com/vishvananda", "github.com/containernetworking",
		"github.com/docker",
	}
)

type source struct{ file, pkg, dir, imported string }

// imports reads the imports of all non-test files below emulator/.
func imports(t *testing.T) []source {
	t.Helper()
	var all []source
	walk(t, func(path, dir string) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			all = append(all, source{path, family(dir), dir, strings.Trim(i.Path.Value, `"`)})
		}
	})
	return all
}

// walk visits the non-test Go files of emulator/ with their directory relative to it.
func walk(t *testing.T, visit func(path, dir string)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		visit(path, filepath.ToSlash(dir))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// family is the first element of a directory: topology for topology/ether.
func family(dir string) string { return strings.Split(dir, "/")[0] }

// entry is the longest prefix of a directory, in whole elements, that layers has, and its layer; -1: none.
func entry(dir string) (name string, layer int) {
	for name = dir; ; name = name[:strings.LastIndexByte(name, '/')] {
		layer = slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, name) })
		if layer >= 0 || !strings.Contains(name, "/") {
			return name, layer
		}
	}
}

func TestEntryIsTheLongestPrefix(t *testing.T) {
	for dir, want := range map[string]string{"live": "live", "live/web": "live/web", "live/sampler/deep": "live/sampler",
		"live/other": "live", "topology/ether": "topology", ".": "."} {
		if got, at := entry(dir); got != want || at < 0 {
			t.Errorf("%s belongs to %s (layer %d), not to %s", dir, got, at, want)
		}
	}
	if _, at := entry("livestock"); at >= 0 {
		t.Error("a prefix that is no whole element counts")
	}
}

func TestImportsPointDownwards(t *testing.T) {
	checked := 0
	for _, s := range imports(t) {
		target, ours := strings.CutPrefix(s.imported, "testbed/emulator/")
		if s.imported == "testbed/emulator" {
			target, ours = ".", true
		}
		if !ours || family(target) == "internal" || s.pkg == "internal" {
			continue
		}
		fromEntry, from := entry(s.dir)
		toEntry, to := entry(target)
		if fromEntry == toEntry {
			continue
		}
		checked++
		if from < 0 || to < 0 {
			t.Errorf("%s: %s or %s is in no layer: add it to the list in this test", s.file, fromEntry, toEntry)
		} else if to >= from {
			t.Errorf("%s: %s (layer %d) must not import %s (layer %d)", s.file, s.dir, from, target, to)
		}
	}
	if checked < 10 {
		t.Fatalf("only %d imports checked: the test looks in the wrong place", checked)
	}
}

func TestPurePackagesKnowNoOperatingSystem(t *testing.T) {
	for _, s := range imports(t) {
		if of, _ := entry(s.dir); !slices.Contains(pure, of) {
			continue
		}
		for _, forbidden := range system {
			if s.imported == forbidden || strings.HasPrefix(s.imported, forbidden+"/") {
				t.Errorf("%s: %s is pure and must not import %s", s.file, s.dir, s.imported)
			}
		}
	}
}

func TestOnlyMainTouchesTheProcess(t *testing.T) {
	main, err := os.ReadFile(filepath.Join("..", "..", "..", "cmd", "testbed", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(main), "\n"); lines > 80 {
		t.Errorf("cmd/testbed/main.go has %d lines: it only calls the cli package", lines)
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	walk(t, func(path, dir string) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		says := file.Doc != nil && strings.HasPrefix(file.Doc.Text(), "Package "+file.Name.Name+" ")
		documented[dir] = documented[dir] || says
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("emulator/%s: no file has a comment that begins with // Package %s ...", dir, filepath.Base(dir))
		}
	}
}

func TestFilesHoldOneConcept(t *testing.T) {
	walk(t, func(path, _ string) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(data), "\n"); lines > 500 {
			t.Errorf("%s has %d lines: split it", path, lines)
		}
	})
}
