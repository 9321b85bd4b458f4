package cli

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Data is printed by printf, which keeps it on its line, and by nothing of package fmt.
func TestDataIsPrintedByPrintf(t *testing.T) {
	set := gotoken.NewFileSet()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	uses := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || path == "print.go" {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			to, ok := call.Args[0].(*ast.SelectorExpr)
			if !ok || to.Sel.Name != "Stdout" && to.Sel.Name != "Stderr" {
				return true
			}
			switch f := call.Fun.(type) {
			case *ast.Ident:
				if f.Name == "printf" {
					uses++
				}
			case *ast.SelectorExpr:
				if from, ok := f.X.(*ast.Ident); !ok || from.Name != "fmt" {
					return true
				}
				for _, a := range call.Args[1:] {
					if _, constant := a.(*ast.BasicLit); !constant {
						t.Errorf("%s: print it with printf", set.Position(call.Pos()))
					}
				}
			}
			return true
		})
	}
	if uses < 10 {
		t.Errorf("only %d uses of printf: the test looks in the wrong place", uses)
	}
}
