package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"testbed/emulator/catalogue"
	"testbed/emulator/internal/builtin"
)

// owners are the packages whose entries a kind of the catalogue has: there, and nowhere else, names may stand together.
var owners = map[string][]string{
	catalogue.Models: {"plan"}, catalogue.Policies: {"placement"}, catalogue.Arrivals: {"replay"},
	catalogue.Dispatchers: {"dispatch"},
	catalogue.Predictors:  {"predict/transport", "predict/statesim"},
	catalogue.Traces:      {"workload/spar"}, catalogue.Shipped: {"workload/hour"},
	catalogue.Workloads:  {"workload/spar", "workload/hour"},
	catalogue.Topologies: {"topology/ether"}, catalogue.Synthesizers: {"topology/synth"},
	catalogue.Runtimes: {"noderuntime/docker", "noderuntime/process"},
	catalogue.Fabrics:  {"fabric/netem", "fabric/userspace"},
}

// TestNamesAreListedInTheCatalogueOnly: what can be chosen is known from the catalogue, so that one more choice is one
// package and one line. A kind with a single entry cannot be listed; its test comes with the second.
func TestNamesAreListedInTheCatalogueOnly(t *testing.T) {
	c := builtin.Catalogue()
	seen := map[string]bool{}
	walk(t, func(path, dir string) {
		seen[dir] = true
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for kind, own := range owners {
			if slices.Contains(own, dir) {
				continue
			}
			for _, l := range listsOf(file, c.Names(kind)) {
				t.Errorf("%s: a list of the kind %s: %v; take it from the catalogue", set.Position(l.pos), kind, l.names)
			}
		}
	})
	for kind, own := range owners {
		for _, dir := range own {
			if !seen[dir] {
				t.Errorf("%s, which is said to have entries of the kind %s, is not there", dir, kind)
			}
		}
		if len(c.Names(kind)) == 0 {
			t.Errorf("the catalogue has no %s", kind)
		}
	}
}

// TestTheCatalogueIsHandedDown: it is built by the library; whoever needs it gets it from there.
func TestTheCatalogueIsHandedDown(t *testing.T) {
	const path = "testbed/emulator/internal/builtin"
	used := false
	for _, s := range imports(t) {
		used = used || s.imported == path
		if s.imported == path && s.dir != "." {
			t.Errorf("%s imports %s: take the catalogue as an argument", s.file, path)
		}
	}
	if !used {
		t.Errorf("nothing imports %s: the test looks in the wrong place", path)
	}
}

type list struct {
	pos   token.Pos
	names []string
}

// listsOf finds where a file lists two or more of the names: in a composite literal, in the cases of a switch, in a
// block of constants or variables, in a chain of comparisons or arguments, or in a struct tag.
func listsOf(file *ast.File, names []string) []list {
	var found []list
	note := func(pos token.Pos, words []string) {
		words = slices.DeleteFunc(words, func(w string) bool { return !slices.Contains(names, w) })
		slices.Sort(words)
		if words = slices.Compact(words); len(words) > 1 {
			found = append(found, list{pos, words})
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			note(n.Pos(), literals(n))
		case *ast.GenDecl:
			if n.Tok == token.CONST || n.Tok == token.VAR {
				note(n.Pos(), literals(n))
			}
		case *ast.SwitchStmt:
			var words []string
			for _, clause := range n.Body.List {
				for _, e := range clause.(*ast.CaseClause).List {
					words = append(words, literals(e)...)
				}
			}
			note(n.Pos(), words)
		case *ast.BinaryExpr:
			if n.Op == token.LOR || n.Op == token.LAND {
				note(n.Pos(), literals(n))
			}
		case *ast.CallExpr:
			var words []string
			for _, e := range n.Args {
				words = append(words, literals(e)...)
			}
			note(n.Pos(), words)
		case *ast.Field:
			if n.Tag != nil {
				note(n.Pos(), tagWords(n.Tag.Value))
			}
		}
		return true
	})
	return found
}

// literals are the texts of the string literals below a node, without those in functions that stand in it: what a
// function does is looked at by itself.
func literals(n ast.Node) []string {
	var words []string
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				words = append(words, text)
			}
		}
		return true
	})
	return words
}

var separators = regexp.MustCompile(`[|=,]`)

// tagWords are the words of the tags that permit some.
func tagWords(tag string) []string {
	text, err := strconv.Unquote(tag)
	if err != nil {
		return nil
	}
	of := reflect.StructTag(text)
	return separators.Split(of.Get("enum")+"|"+of.Get("when"), -1)
}

func TestListsAreFound(t *testing.T) {
	names := []string{"red", "green", "light+blue"}
	for code, want := range map[string]int{
		`var x = []string{"red", "green"}`:                                        2, // the variable and the literal
		`var x = map[string]int{"red": 1, "light+blue": 2}`:                       2,
		`const ( a = "red"; b = "green" )`:                                        1,
		`func f(s string) { switch s { case "red": case "green": } }`:             1,
		`func f(s string) { switch s { case "red", "light+blue": } }`:             1,
		`func f(s string) bool { return s == "red" || s == "green" }`:             1,
		`func f() { g("red", "green") }`:                                          1,
		"type t struct { x string `enum:\"red|green\"` }":                         1,
		"type t struct { x string `when:\"kind=red|green\"` }":                    1,
		`func f() any { return []any{struct{ n string }{"red"}, "green"} }`:       1,
		`var x = []string{"red", "yellow"}`:                                       0,
		`var x = []string{"red", "red"}`:                                          0,
		`const a = "red"; const b = "green"`:                                      0, // two places that know one each
		`var x = "red or green"`:                                                  0, // a sentence
		`func f(s string) { switch s { case "red": print("green") } }`:            0,
		`var x = []func(){ func() { print("red") }, func() { print("green") } }`:  0,
		"type t struct { x string `yaml:\"red\"`; y string `yaml:\"green\"` }":    0,
		`func f(s string) bool { if s == "red" { return true }; return s == "" }`: 0,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+code, parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		if got := listsOf(file, names); len(got) != want {
			t.Errorf("%s: %v", code, got)
		}
	}
}
