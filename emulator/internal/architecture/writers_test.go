package architecture

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// writing are the functions of package os that make, replace or remove what a path names. What they do to
// a directory that somebody else can write to is for that somebody to decide.
var writing = map[string]bool{
	"Create": true, "CreateTemp": true, "WriteFile": true, "Rename": true, "Mkdir": true, "MkdirAll": true,
	"MkdirTemp": true, "Chmod": true, "Chown": true, "Lchown": true, "Chtimes": true, "Symlink": true, "Link": true,
	"Truncate": true, "Remove": true, "RemoveAll": true, "CopyFS": true,
}

// elsewhere are the packages that write by path nevertheless, and what makes that safe.
var elsewhere = map[string]string{
	"internal/outdir":              "it is where results are written",
	"internal/proc":                "/proc/self",
	"internal/statefile":           "directories of root's own",
	"internal/program":             "a directory of root's own in /var/lib",
	"internal/localsocket":         "a directory of this user's own, which it makes sure of",
	"internal/testenv":             "only tests use it",
	"netns":                        "/run/netns, which is root's own",
	"influx/influxtest":            "only tests use it",
	"noderuntime/runtimetest":      "only tests use it",
	"doctor":                       "the state directory, /dev/net, a mount namespace's own memory: all root's own",
	"orchestrator":                 "the state directory, which is root's own",
	"fabric/netem":                 "the state directory and network namespaces, which are root's own",
	"fabric/userspace":             "the state directory, /dev/net/tun and /proc/self, which are root's own",
	"fabric/spread":                "the state directories of the controller and of a machine, which are root's own",
	"fabric/station":               "the kernel's settings in /proc/sys",
	"noderuntime":                  "the node's own directory, from inside the node",
	"noderuntime/process":          "the state directory and /run/netns, which are root's own",
	"noderuntime/inside":           "memory, in a mount namespace of a node",
	"noderuntime/docker":           "the state directory, which is root's own",
	"machines/carrier/agent":       "the agent's own /dev, in its container",
	"machines/carrier/engines":     "a directory of this user's own, for the socket of ssh",
	"machines/seat":                "the state directory, which is root's own",
	"machines/carrier/carriertest": "only tests use it",
	"noderuntime/remote":           "the state directory of a machine, which is root's own",
	"faas":                         "the agent's socket, from inside the node",
	"faas/function":                "/proc/self, control groups, and memory in a mount namespace of a function's own",
}

// TestResultsAreWrittenThroughOneDoor: package outdir knows how to write where others write too, and nothing
// else does it by itself.
func TestResultsAreWrittenThroughOneDoor(t *testing.T) {
	used := map[string]bool{}
	walk(t, func(path, dir string) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range writers(file) {
			if elsewhere[dir] == "" {
				t.Errorf("%s: %s: results are written with package internal/outdir", path, call)
			}
			used[dir] = true
		}
	})
	if !used["internal/outdir"] {
		t.Error("no writing in internal/outdir: the test looks in the wrong place")
	}
}

// writers are the calls in a file that write by path.
func writers(file *ast.File) []string {
	name := imported(file, "os")
	var calls []string
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == name {
			if writing[selector.Sel.Name] || selector.Sel.Name == "O_CREATE" || selector.Sel.Name == "O_TRUNC" {
				calls = append(calls, "os."+selector.Sel.Name)
			}
		}
		return true
	})
	for _, old := range []string{"io/ioutil", "github.com/google/renameio"} {
		if imported(file, old) != "" {
			calls = append(calls, old)
		}
	}
	return calls
}

// imported is the name under which a file imports a package; empty: it does not.
func imported(file *ast.File, path string) string {
	for _, i := range file.Imports {
		if got, err := strconv.Unquote(i.Path.Value); err != nil || got != path {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return path[strings.LastIndex(path, "/")+1:]
	}
	return ""
}

func TestWritersAreFound(t *testing.T) {
	const source = `package p
import ( sys "os" )
var create = sys.Create
func f() { sys.ReadFile("a"); sys.OpenFile("b", sys.O_RDWR|sys.O_CREATE, 0); sys.RemoveAll("c"); os.Remove("d") }`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(writers(file)); got != "[os.Create os.O_CREATE os.RemoveAll]" {
		t.Error(got)
	}
}
