package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// wire are the directories whose messages are of programs of ours to each other, and of formats: counts in them are
// mostly of bytes and entries, and who reads them looks for a fault in this program.
var wire = []string{"faas", "fabric", "internal", "node", "noderuntime", "netns", "hostload"}

// never are the files in which a number is printed before a plural though printable.Count is not asked, how often, and
// why the number is never 1.
var never = map[string]struct {
	uses int
	why  string
}{
	"campaign/campaign.go":           {1, "one is enough"},
	"campaign/limits.go":             {2, "more than a limit"},
	"campaign/results.go":            {1, "a campaign has several"},
	"capacity/capacity.go":           {1, "of the longer path"},
	"capacity/warn.go":               {2, "more nodes than start in a moment; the shorter path has two links"},
	"capture/device_linux.go":        {1, "more than a limit"},
	"capture/files.go":               {1, "one is possible"},
	"capture/filter.go":              {1, "more than a limit"},
	"cli/import.go":                  {1, "more than a limit"},
	"events/change.go":               {1, "more than a limit"},
	"experiment/experiment.go":       {2, "one is possible; more than a limit"},
	"experiment/stored.go":           {1, "more than a limit"},
	"experiment/study/study.go":      {1, "one is possible"},
	"machines.go":                    {1, "of one name"},
	"machines/cut/large.go":          {1, "held together"},
	"machines/machine.go":            {1, "more than a limit"},
	"machines/parse.go":              {1, "one is possible"},
	"measure.go":                     {1, "two or six"},
	"orchestrator/desired.go":        {1, "more than a limit"},
	"predict/statesim/statesim.go":   {1, "one is enough"},
	"predict/transport/options.go":   {2, "one is possible"},
	"profile/check.go":               {2, "more than a limit"},
	"record/check_topology.go":       {4, "more than a limit, or than one"},
	"replay/overhead.go":             {1, "three is right"},
	"report/topology.go":             {1, "more than a limit"},
	"resolved/dags.go":               {1, "of DAGs that have branches"},
	"resolved/memory.go":             {2, "more than a limit; the other is preceded by its singular"},
	"resolved/repositories.go":       {2, "more than one is refused"},
	"scenario/check_functions.go":    {1, "more than a limit"},
	"scenario/parse.go":              {1, "more than a limit"},
	"topology/attach.go":             {1, "more than one is refused"},
	"topology/linktrace/spread.go":   {1, "more than a limit"},
	"topology/linktrace/trace.go":    {2, "more than a limit"},
	"topology/names.go":              {1, "more than a limit"},
	"topology/network/attach.go":     {2, "less than one, more than a limit, or parts of which one is right"},
	"topology/network/graph.go":      {2, "more than a limit"},
	"topology/network/rtt/matrix.go": {1, "more than a limit"},
	"topology/network/tree/xml.go":   {1, "more than a limit"},
	"topology/network/tree/yaml.go":  {1, "more than a limit"},
	"topology/network/unmeasured.go": {5, "of three hosts or more, with as many pairs"},
	"topology/network/untaken.go":    {1, "more than one"},
	"topology/synth/entries.go":      {1, "the same in the singular"},
	"topology/synth/iiot.go":         {1, "the same in the singular"},
	"topology/validate.go":           {2, "a fault in this program"},
	"verify/across/across.go":        {1, "more than a limit"},
	"workload/hour/hour.go":          {1, "of a table with several"},
}

var (
	// plural is a number with what seems to be a noun in the plural, alone or behind one other word.
	plural = regexp.MustCompile(`%d ((?:[a-z]+ )?[a-z]+s)\b`)
	// between are words behind which another number or a clause begins, not a noun; and verbs, and units.
	between = regexp.MustCompile(`^(?:as|of|to|from|and|is|are|in|at|by|on|has|for|was|were|where|with|than|that|which|` +
		`bytes|less|does|us|ms|ns|goes|comes|lacks|asks|uses|takes|needs|measures|kbps|mbps)\b|` +
		`\b(?:is|was|has|bytes|as|needs)$`)
	// bound are names of constants, which are larger than 1.
	bound = regexp.MustCompile(`(?i)^(?:max|most|fewest|least|high|limit)`)
)

// TestNumbersBeforePlurals: "1 links" is not English: whoever prints a number with a noun has printable.Count print it,
// or says here why it is never 1.
func TestNumbersBeforePlurals(t *testing.T) {
	found := map[string][]string{}
	walk(t, func(path, dir string) {
		first, _, _ := strings.Cut(filepath.ToSlash(dir), "/")
		if slices.Contains(wire, first) || strings.HasSuffix(dir, "test") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.ToSlash(filepath.Join(dir, filepath.Base(path)))
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				found[name] = append(found[name], pluralsOf(call)...)
			}
			return true
		})
		if len(found[name]) == 0 {
			delete(found, name)
		}
	})
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if got := found[name]; len(got) != never[name].uses {
			t.Errorf("%s prints %q: have printable.Count do it, or say in this test why the number is never 1 (it knows of %d)",
				name, got, never[name].uses)
		}
	}
	for name := range never {
		if len(found[name]) == 0 {
			t.Errorf("%s prints nothing of that any more", name)
		}
	}
}

// TestPlurals: what TestNumbersBeforePlurals takes for a number before a plural, and what not.
func TestPlurals(t *testing.T) {
	for text, want := range map[string]int{
		`f("%d links", n)`: 1, `f("%s: %d of %d links", a, n, m)`: 1, `f("a" + "%d more links", n)`: 1,
		`f("%d links and %d nodes", n, len(x))`: 2, `f("at most %d links", maxLinks)`: 0, `f("%d links", x.MaxLinks)`: 0,
		`f("%d of them is", n)`: 0, `f("line %d is gone", n)`: 0, `f("%d bytes", n)`: 0, `f("%d link", n)`: 0,
		`f("%d links", 3)`: 0, `f("%s links", n)`: 0, `f(x, "%6.1f s  %d links", s, n)`: 1, `f("100 %% of %d links", n)`: 1,
	} {
		expr, err := parser.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := pluralsOf(expr.(*ast.CallExpr)); len(got) != want {
			t.Errorf("%s: %q, want %d", text, got, want)
		}
	}
}

// pluralsOf are the numbers before plurals that a call prints, but for constants.
func pluralsOf(call *ast.CallExpr) (all []string) {
	for i, arg := range call.Args {
		format, ok := written(arg)
		if !ok {
			continue
		}
		for _, at := range plural.FindAllStringSubmatchIndex(format, -1) {
			noun := format[at[2]:at[3]]
			number := i + 1 + verbs(format[:at[0]])
			if between.MatchString(noun) || number < len(call.Args) && constant(call.Args[number]) {
				continue
			}
			all = append(all, format[at[0]:at[1]])
		}
	}
	return all
}

// written is a text that is written out, in one piece or several.
func written(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, e.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		a, first := written(e.X)
		b, second := written(e.Y)
		return a + b, first && second && e.Op == token.ADD
	}
	return "", false
}

// verbs is how many arguments a format takes.
func verbs(format string) int {
	return strings.Count(strings.ReplaceAll(format, "%%", ""), "%")
}

// constant says whether an argument is a number written out, or has the name of a bound.
func constant(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return bound.MatchString(e.Name)
	case *ast.SelectorExpr:
		return bound.MatchString(e.Sel.Name)
	case *ast.BinaryExpr:
		return constant(e.X) && constant(e.Y)
	case *ast.CallExpr:
		return len(e.Args) == 1 && constant(e.Args[0]) // a conversion
	}
	return false
}
