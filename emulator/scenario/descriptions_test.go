package scenario

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write descriptions.txt anew")

// TestDescriptionsAreTheComments holds descriptions.txt to the comments above the fields, and that each key has one.
func TestDescriptionsAreTheComments(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "../topology/synth/parameters.go", "../units/both.go") // whose structs are parts of the file
	var all strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					describe(t, &all, spec.Name.Name, s)
				}
			}
			return true
		})
	}
	if *update {
		if err := os.WriteFile("descriptions.txt", []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if all.String() != descriptionsFile {
		t.Error("the comments above the fields have changed: run go generate ./emulator/scenario")
	}
}

// describe writes a line for each field of a struct that is a key of the file.
func describe(t *testing.T, to *strings.Builder, name string, s *ast.StructType) {
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		text, _ := strconv.Unquote(f.Tag.Value)
		tag := reflect.StructTag(text)
		key := tag.Get("yaml")
		if key == "" || strings.HasPrefix(key, ",") { // no key of its own
			continue
		}
		description := strings.Join(strings.Fields(f.Doc.Text()), " ")
		if description == "" && tag.Get("choice") == "" {
			t.Errorf("%s.%s: describe the key in the comment above it", name, f.Names[0].Name)
		}
		if description != "" {
			to.WriteString(name + "." + f.Names[0].Name + "\t" + description + "\n")
		}
	}
}

// TestRemediesAreOneSentence: an error about a key says in one sentence what it is, of whichever key.
func TestRemediesAreOneSentence(t *testing.T) {
	for text, want := range map[string]string{
		"Name of the link. Default: its ends.":            "Name of the link",
		"Groups hosts, e.g. for clients: rpi. No others.": "Groups hosts, e.g. for clients: rpi",
		"host: runs functions. switch: forwards them.":    "host: runs functions",
		"remove it: set the variable":                     "remove it: set the variable",
		"A factor of 0.5.":                                "A factor of 0.5",
		"":                                                "",
	} {
		if got := firstSentence(text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
	for name, text := range descriptions() {
		if got := firstSentence(text); len(got) < 5 || len(got) > 300 || !strings.HasPrefix(text, got) {
			t.Errorf("%s: its first sentence, %q, is no remedy", name, got)
		}
	}
}
