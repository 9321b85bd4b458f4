package scenario

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"testbed/emulator/catalogue"
)

// field is one key of the file: what the tags of a struct's field and the comment above it say of it. Decoder, encoder
// and schema read nothing else, so that they cannot disagree on which keys there are.
//
// The comment above the field is the key's description, for the schema and for errors; `go generate` copies it to
// descriptions.txt. A field without one has the sentences of its choice alone.
//
// The tag yaml is the key's name, and after it, each after a comma, what its value looks like:
//
//	required the key must be given
//	short    a scalar in the mapping's place stands for this key: `synth: iiot` for `synth: {kind: iiot}`
//	inline   the struct's keys are among those of the struct around it
//	keyed    of a list: a mapping from names to elements
//	key      receives that name, in an element; it is no key of its own
//	single   of a list: one element may stand for the list of it alone
//	listed   the key is that of a field before it as well: this one holds a list, the other all else
//	bare     of a keyed list: a name, or a list of names, stands for these names without properties
//	flat     of a list of lists: one inner list may stand for the list of it alone
//	mark     of a truth value: the key alone, without a value, makes it true
//	names    texts that name something, so that a number stands for its digits
//	quiet    values are not repeated in errors, for they may hold a secret
//	options  in the place of the field, which is of catalogue.Values, stand the options of an entry of the catalogue
//	formats  in the place of the field, which is an Import, stand the names of a kind's entries, as keys of paths
//	never    the key is refused, and its description is the remedy
//
// The other tags hold the value within limits, and keys to one another:
//
//	default  YAML that stands in for an absent key
//	min, max range of a number or quantity; of a list, its length
//	pattern  of a text, of a list's elements or of a keyed list's names: one of spellings, or a regular expression
//	enum     permitted words, separated by |
//	choice   a kind of the catalogue, whose entries' names are permitted as well; their sentences follow the description
//	of       of options: the key that chooses the entry. An option has a meaning with the entries that have it
//	takes    the key that chooses an entry of the catalogue, whose Takes says whether this key has a meaning
//	one      names a group of keys of which exactly one must be given
//	atmost   names a group of keys of which no more than one may be given
//	with     another key that must be given as well
//	when     KEY=WORD|WORD: the key has a meaning only where KEY is one of the words
type field struct {
	name     string
	index    []int
	typ      reflect.Type
	required bool
	short    bool
	keyed    bool
	mark     bool
	single   bool
	flat     bool
	never    bool
	listed   bool
	bare     bool
	quiet    bool
	names    bool
	doc      string
	def      string
	hasDef   bool
	min, max string
	pattern  string
	enum     []string
	choice   string
	takes    string
	held     holder
	option   catalogue.Option // held among options
	one      string
	atmost   string
	with     string
	when     condition
}

// spellings are the regular expressions of what the tag pattern calls by a word.
var spellings = map[string]string{
	"node":    `^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`,       // nodes and links: a label of a host name, underscores besides
	"class":   `^[A-Za-z0-9][A-Za-z0-9_.+-]{0,62}$`,     // classes, models and architectures
	"machine": `^[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,254}$`, // machines: host names, Docker contexts, URLs of engines
	"image":   `^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$`,     // container images
}

// tagged is the field of the struct t that sf describes; its key is called name.
func tagged(t reflect.Type, sf reflect.StructField, name string, options []string) field {
	f := field{
		name: name, index: sf.Index, typ: sf.Type,
		required: slices.Contains(options, "required"),
		short:    slices.Contains(options, "short"),
		keyed:    slices.Contains(options, "keyed"),
		mark:     slices.Contains(options, "mark"),
		single:   slices.Contains(options, "single"),
		flat:     slices.Contains(options, "flat"),
		never:    slices.Contains(options, "never"),
		listed:   slices.Contains(options, "listed"),
		bare:     slices.Contains(options, "bare"),
		quiet:    slices.Contains(options, "quiet"),
		names:    slices.Contains(options, "names"),
		doc:      description(t, sf.Name),
		min:      sf.Tag.Get("min"), max: sf.Tag.Get("max"),
		choice: sf.Tag.Get("choice"), takes: sf.Tag.Get("takes"),
		one: sf.Tag.Get("one"), atmost: sf.Tag.Get("atmost"), with: sf.Tag.Get("with"),
	}
	f.pattern = cmp.Or(spellings[sf.Tag.Get("pattern")], sf.Tag.Get("pattern"))
	f.def, f.hasDef = sf.Tag.Lookup("default")
	if e := sf.Tag.Get("enum"); e != "" {
		f.enum = strings.Split(e, "|")
	}
	if key, words, ok := strings.Cut(sf.Tag.Get("when"), "="); ok {
		f.when = condition{key, strings.Split(words, "|")}
	}
	return f
}
