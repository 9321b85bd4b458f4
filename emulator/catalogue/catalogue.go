// Package catalogue lists what can be chosen by name: execution models, allocation policies, predictors, arrival
// processes, formats of traces and topologies, synthesizers, fabrics and runtimes.
//
// An Entry has a name, a sentence, its options and its look in figures, and a payload: what the choice does. The
// payload's type belongs to the package that owns the kind (a Rule to plan, a Predictor to predict), which declares a
// Kind of that type; this package never looks into it. So packages that only name, list or draw choices (the schema,
// flags, tables, figures) need this one alone, and those that carry a choice out get it typed.
//
//	var Rules = catalogue.NewKind[Rule](catalogue.Models)                  // plan: the kind
//	func Models() catalogue.Section { return Rules.Of(external, ...) }     // plan: its entries
//	c := catalogue.New(plan.Models(), mine.Models(), ...)                  // where the program starts: all of them
//	rule, err := plan.Rules.Find(c, "external")                            // who carries it out
//	names := c.Names(catalogue.Models)                                     // who lists names
//
// A catalogue is built once, where the program starts (emulator/internal/builtin, one line a section), and is handed
// down: nothing registers itself, and nothing changes it. A new choice is one package with an entry, and one line
// there. The order of the entries is that of every list; for runtimes and fabrics it is that in which auto tries them.
package catalogue

import (
	"fmt"
	"slices"
	"strings"
)

// The kinds of choices, by the words that messages use.
const (
	Models       = "execution model"
	Policies     = "allocation policy"
	Dispatchers  = "dispatcher"
	Predictors   = "predictor"
	Arrivals     = "arrival process"
	Traces       = "trace format"
	Shipped      = "shipped trace"
	Workloads    = "workload synthesizer"
	Topologies   = "topology format"
	Networks     = "network format"
	Synthesizers = "topology synthesizer"
	Runtimes     = "runtime"
	Fabrics      = "fabric"
	Stores       = "store"
)

// Description is what is said and shown of an entry.
type Description struct {
	Name    string   // in files and flags: lower-case, no spaces
	About   string   // what it is, without a full stop
	Options []Option // what can be set beside the name
	Look    Look     // in figures
	Takes   []string // keys that entries of the kind share, such as seed, of which this one makes use
	Brief   string   // the same in two or three words, for a flag's help; empty: About
	Remedy  string   // runtimes and fabrics: what a host that lacks it needs, as a command
	Images  bool     // runtimes: nodes may run images of the user's own
	Trials  []Trial  // runtimes and fabrics: what doctor tries in a throwaway namespace before a testbed is made
}

// Trial is something that the host must be able to do.
type Trial string

// What doctor can try.
const (
	Mounts Trial = "mounts" // a node's mounts
	TAP    Trial = "tap"    // a TAP device
	Veth   Trial = "veth"   // a veth pair
)

// Entry is a choice: its description, and what it does.
type Entry[T any] struct {
	Description
	Does T
}

// Section is the entries that one package contributes; sections of several kinds are appended to one another.
type Section []entry

type entry struct {
	kind string
	Description
	does any
}

// Catalogue is what can be chosen in a program. A nil one is empty.
type Catalogue struct{ kinds map[string][]entry }

// New puts sections together, in their order. It panics where a name is given twice in one kind, or where two entries
// of a kind mean different things by one option, which is the program's own mistake.
func New(sections ...Section) *Catalogue {
	c := &Catalogue{kinds: map[string][]entry{}}
	for _, s := range sections {
		for _, e := range s {
			if c.Has(e.kind, e.Name) {
				panic(fmt.Sprintf("catalogue: there are two entries of the kind %s called %q", e.kind, e.Name))
			}
			c.checkOptions(e)
			c.kinds[e.kind] = append(c.kinds[e.kind], e)
		}
	}
	return c
}

func (c *Catalogue) of(kind string) []entry {
	if c == nil {
		return nil
	}
	return c.kinds[kind]
}

// All are the descriptions of a kind's entries, in order.
func (c *Catalogue) All(kind string) []Description {
	var all []Description
	for _, e := range c.of(kind) {
		all = append(all, e.Description)
	}
	return all
}

// Names are the names of a kind's entries, in order.
func (c *Catalogue) Names(kind string) []string {
	var names []string
	for _, e := range c.of(kind) {
		names = append(names, e.Name)
	}
	return names
}

// Index is an entry's place in its kind's order; that of a name that is not there follows them all.
func (c *Catalogue) Index(kind, name string) int {
	all := c.of(kind)
	if i := slices.IndexFunc(all, func(e entry) bool { return e.Name == name }); i >= 0 {
		return i
	}
	return len(all)
}

// Has says whether there is an entry of that name.
func (c *Catalogue) Has(kind, name string) bool { return c.Index(kind, name) < len(c.of(kind)) }

// Describe is an entry's description; for a name that is not there it has nothing but the name.
func (c *Catalogue) Describe(kind, name string) Description {
	if all := c.of(kind); c.Has(kind, name) {
		return all[c.Index(kind, name)].Description
	}
	return Description{Name: name}
}

// Check fails where there is no entry of that name, and says which there are.
func (c *Catalogue) Check(kind, name string) error {
	if c.Has(kind, name) {
		return nil
	}
	return fmt.Errorf("unknown %s %q; write one of %v", kind, name, c.Names(kind))
}

// Sentences are a kind's entries with what they are, as one text: "a: does this; b: does that."
func (c *Catalogue) Sentences(kind string) string {
	var all []string
	for _, e := range c.of(kind) {
		all = append(all, e.Name+": "+e.About)
	}
	if len(all) == 0 {
		return ""
	}
	return strings.Join(all, "; ") + "."
}
