package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// directly are the files and directories of emulator/ that may open files without package readfile, which
// bounds what is read and takes regular files only: what they open is the kernel's, or only root can write it.
var directly = map[string]string{
	"internal/":               "package readfile itself, and helpers of tests",
	"system.go":               "/dev/net/tun",
	"memory.go":               "/proc",
	"measure.go":              "/proc",
	"fabric/":                 "/proc, and the state directory of a testbed",
	"faas/command_linux.go":   "/dev/null",
	"faas/system_linux.go":    "/sys",
	"faas/function/":          "/dev/null, /proc and control groups, and a directory that is only looked up (O_PATH)",
	"netns/":                  "/proc",
	"machines/carrier/agent/": "the program's own executable",
	"machines/carrier/engines/stale_linux.go": "a directory of this user's, which is only locked",
	"noderuntime/":       "/proc and /sys, the program's own executable, and the state directory of a testbed",
	"doctor/":            "/proc, /sys and the kernel's lists of its modules",
	"hostload/":          "/proc and /sys",
	"live/sampler/":      "/proc",
	"orchestrator/":      "/proc and /sys, and the state directory of a testbed",
	"influx/influxtest/": "a helper of tests",
}

// Files that others may have written are opened by package readfile alone.
func TestFilesOfOthersAreReadByReadfile(t *testing.T) {
	used := map[string]bool{}
	walk(t, func(path, dir string) {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.ToSlash(filepath.Join(dir, filepath.Base(path)))
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !opensForReading(call) {
				return true
			}
			for prefix := range directly {
				if strings.HasPrefix(name, prefix) {
					used[prefix] = true
					return true
				}
			}
			t.Errorf("%s: open it with readfile.Open, readfile.All or readfile.JSON, "+
				"or say in this test why nobody else can have written it", set.Position(call.Pos()))
			return true
		})
	})
	if len(used) < 6 {
		t.Errorf("only %d exceptions are used: the test looks in the wrong place", len(used))
	}
}

// opensForReading says whether a call is one of package os that opens a file, or a directory's files, for reading.
func opensForReading(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	if from, ok := f.X.(*ast.Ident); !ok || from.Name != "os" {
		return false
	}
	if f.Sel.Name == "OpenFile" {
		writes := false
		ast.Inspect(call.Args[1], func(n ast.Node) bool {
			if name, ok := n.(*ast.Ident); ok && name.Name == "O_WRONLY" {
				writes = true
			}
			return true
		})
		return !writes
	}
	return slices.Contains([]string{"Open", "ReadFile", "DirFS"}, f.Sel.Name)
}
