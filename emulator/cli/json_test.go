package cli

import (
	"bytes"
	"encoding"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/printer"
	gotoken "go/token"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"testbed/emulator"
	"testbed/emulator/campaign"
	"testbed/emulator/compare"
	"testbed/emulator/doctor"
	"testbed/emulator/experiment"
	"testbed/emulator/experiment/study"
	"testbed/emulator/fabric"
	"testbed/emulator/live"
	"testbed/emulator/orchestrator"
	"testbed/emulator/profile"
	"testbed/emulator/record"
	"testbed/emulator/scenario"
	"testbed/emulator/units"
	"testbed/emulator/verify"
)

// printed are the values that commands print as JSON, by the expression that is given to printJSON.
var printed = map[string]any{
	"bed.Journal":    orchestrator.Journal{},
	"result":         applied{},
	"found":          emulator.Inspection{},
	"d":              doctor.Diagnosis{},
	"desired":        orchestrator.Desired{},
	"findings":       []verify.Finding{},
	"list":           [2]any{[]orchestrator.Status{}, scenario.Errors{}},
	"queues":         []fabric.QueueStatus{},
	"reported":       reported{},
	"rows":           []campaignRow{},
	"studied":        studied{},
	"summary":        summary{},
	"all":            []uploaded{},
	"newPredictions": []prediction{},
	"moved":          []movedFunction{},
	"plan":           planned{},
	"spread":         spread{},
	"pooled":         experiment.Pooled{},
	"conclusion":     study.Conclusion{},
	"told":           profiled{},
	"struct":         fabric.Difference{}, // of what link changes
}

// written are what else this program prints or writes as JSON.
var writtenAsJSON = []any{
	compare.Comparison{}, []*compare.Report{}, []profile.Task{}, record.Manifest{}, live.Status{}, campaign.Manifest{},
	experiment.Manifest{},
}

// TestPrintedJSONIsOfOneForm: every key is snake_case, every quantity that has a type has its unit in the key, and no
// key is a name of Go's. Sources are searched, so that a new command cannot be left out.
func TestPrintedJSONIsOfOneForm(t *testing.T) {
	found := 0
	for name, expression := range printedExpressions(t) {
		found++
		if printed[name] == nil {
			t.Errorf("printJSON(s, %s): add what it prints to this test", expression)
		}
	}
	if found < 10 {
		t.Errorf("only %d calls of printJSON: the test looks in the wrong place", found)
	}
	seen := map[reflect.Type]bool{}
	for _, v := range slices.Concat(slices.Collect(maps.Values(printed)), writtenAsJSON) {
		if several, ok := v.([2]any); ok {
			checkKeys(t, seen, reflect.TypeOf(several[0]))
			v = several[1]
		}
		checkKeys(t, seen, reflect.TypeOf(v))
	}
	if len(seen) < 30 {
		t.Errorf("only %d types were looked at", len(seen))
	}
}

// printedExpressions are the arguments of printJSON in this package, by their first word.
func printedExpressions(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	set := gotoken.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "printJSON" {
				var text bytes.Buffer
				if err := printer.Fprint(&text, set, call.Args[1]); err != nil {
					t.Fatal(err)
				}
				all[regexp.MustCompile(`^[\w.]+`).FindString(text.String())] = text.String()
			}
			return true
		})
	}
	return all
}

var (
	snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	// unitOf are the endings of the keys of types that have a unit.
	unitOf = map[reflect.Type]string{
		reflect.TypeFor[time.Duration]():  "_ns",
		reflect.TypeFor[units.BitRate]():  "_bps",
		reflect.TypeFor[units.ByteSize](): "_bytes",
	}
	marshaler     = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// checkKeys looks at all fields of a type, and of the types in it.
func checkKeys(t *testing.T, seen map[reflect.Type]bool, of reflect.Type) {
	t.Helper()
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		checkKeys(t, seen, of.Elem())
		return
	case reflect.Struct:
	default:
		return
	}
	marshals := of.Implements(marshaler) || of.Implements(textMarshaler) || reflect.PointerTo(of).Implements(marshaler)
	if seen[of] || marshals {
		return
	}
	seen[of] = true
	for i := range of.NumField() {
		f := of.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || key == "-" {
			continue
		}
		if !snakeCase.MatchString(key) && !f.Anonymous {
			t.Errorf("%s.%s: the key %q is not snake_case", of, f.Name, key)
		}
		elem := f.Type
		for elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Slice {
			elem = elem.Elem()
		}
		if unit := unitOf[elem]; unit != "" && !strings.HasSuffix(key, unit) {
			t.Errorf("%s.%s: the key %q of a quantity does not end with %s", of, f.Name, key, unit)
		}
		checkKeys(t, seen, f.Type)
	}
}
