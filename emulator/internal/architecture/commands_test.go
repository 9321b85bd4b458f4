package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	command = regexp.MustCompile("`testbed [^`]*`")
	verb    = regexp.MustCompile(`%[-+# 0]*[0-9*]*(?:\.[0-9]+)?(?:\[[0-9]+\])?[a-zA-Z%]`)
)

// A command that a message tells people to run is copied: whatever is filled into it is quoted for the shell.
func TestCopyableCommandsAreQuoted(t *testing.T) {
	found := 0
	walk(t, func(path, _ string) {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				for i, a := range n.Args {
					if text, ok := literal(a); ok {
						found += quotedIn(t, set, text, n.Args[i+1:])
					}
				}
			case *ast.BasicLit:
				if text, ok := literal(n); ok && strings.Contains(text, "`testbed ") && strings.Count(text, "`")%2 == 1 {
					t.Errorf("%s: a command is put together with +: use a format and shell.Quote", set.Position(n.Pos()))
				}
			}
			return true
		})
	})
	if found < 5 {
		t.Errorf("only %d commands with something filled in: the test looks in the wrong place", found)
	}
}

// quotedIn holds the arguments of a format's commands to be calls of package shell, and counts them.
func quotedIn(t *testing.T, set *token.FileSet, text string, args []ast.Expr) (found int) {
	t.Helper()
	inside := command.FindAllStringIndex(text, -1)
	next := 0
	for _, at := range verb.FindAllStringIndex(text, -1) {
		if strings.HasSuffix(text[at[0]:at[1]], "%") {
			continue
		}
		arg := next
		next++
		for _, c := range inside {
			if at[0] < c[0] || at[0] >= c[1] || strings.HasSuffix(text[at[0]:at[1]], "d") {
				continue
			}
			found++
			if arg >= len(args) || !ofShell(args[arg]) {
				t.Errorf("%q: what is filled into the command is not quoted: use shell.Quote or shell.Path (%s)", text,
					position(set, args))
			}
		}
	}
	return found
}

func position(set *token.FileSet, args []ast.Expr) string {
	if len(args) == 0 {
		return "no arguments"
	}
	return set.Position(args[0].Pos()).String()
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil
}

// ofShell says whether an expression is a call of package shell.
func ofShell(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	from, ok := f.X.(*ast.Ident)
	return ok && from.Name == "shell"
}
