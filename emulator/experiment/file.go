package experiment

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"strconv"

	"go.yaml.in/yaml/v3"

	"testbed/emulator/internal/readfile"
	"testbed/emulator/scenario"
)

// maxFile is the largest experiment file read, in bytes.
const maxFile = 1 << 20

// fileKeys are the keys of an experiment's file.
var fileKeys = []string{"experiment", "scenario", "factors", "repeat", "same-seed", "order", "seed",
	"engines", "figures"}

// IsFile says whether a file is an experiment's: a YAML mapping with the key factors.
func IsFile(path string) bool {
	text, err := readfile.All(path, maxFile)
	if err != nil || !bytes.Contains(text, []byte("factors")) {
		return false
	}
	var top map[string]yaml.Node
	if yaml.Unmarshal(text, &top) != nil {
		return false
	}
	_, has := top["factors"]
	return has
}

// ReadFile reads an experiment's file into a specification whose other values are defaults, and the scenario that it
// names, relative to itself. It fails with scenario.Errors, which say line and remedy, or with that of reading.
func ReadFile(path string, defaults Spec) (Spec, error) {
	text, err := readfile.All(path, maxFile)
	if err != nil {
		return defaults, fmt.Errorf("experiment: %w", err)
	}
	r := &reader{path: path, spec: defaults}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return defaults, scenario.Errors{{File: path, Line: 1, Column: 1, Message: err.Error(),
			Remedy: "check indentation, colons, brackets and quotes"}}
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return defaults, scenario.Errors{{File: path, Line: 1, Column: 1, Message: "an experiment is a mapping",
			Remedy: "begin with scenario: FILE and factors:"}}
	}
	r.mapping(doc.Content[0], "", r.key)
	if r.spec.File == "" && len(r.errs) == 0 {
		r.fail(doc.Content[0], "", "add scenario: FILE", `the key "scenario" is missing`)
	}
	if len(r.errs) > 0 {
		return r.spec, r.errs
	}
	r.spec.Text, err = scenario.Read(r.spec.File)
	return r.spec, err
}

// reader reads a file.
type reader struct {
	path string
	spec Spec
	errs scenario.Errors
}

func (r *reader) fail(n *yaml.Node, path, remedy, format string, args ...any) {
	r.errs = append(r.errs, &scenario.Error{File: r.path, Line: max(n.Line, 1), Column: max(n.Column, 1), Path: path,
		Message: fmt.Sprintf(format, args...), Remedy: remedy})
}

// mapping gives each key of a mapping with its value.
func (r *reader) mapping(n *yaml.Node, path string, each func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.fail(n, path, "write KEY: VALUE", "a mapping belongs here")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if seen[key.Value] {
			r.fail(key, path, "remove it here or there", "the key %q is given twice", key.Value)
		}
		seen[key.Value] = true
		value := n.Content[i+1]
		for value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		each(key, value)
	}
}

// key reads one of the file's keys.
func (r *reader) key(key, value *yaml.Node) {
	s := &r.spec
	switch key.Value {
	case "experiment":
		s.Name = r.text(value, key.Value)
	case "scenario":
		if s.File = r.text(value, key.Value); s.File != "" && !filepath.IsAbs(s.File) {
			s.File = filepath.Join(filepath.Dir(r.path), filepath.FromSlash(s.File))
		}
	case "factors":
		r.mapping(value, key.Value, r.factor)
	case "repeat":
		s.Repeat = int(r.number(value, key.Value))
	case "seed":
		s.Seed = r.number(value, key.Value)
	case "same-seed":
		if s.SameSeed = value.Value == "true"; value.ShortTag() != "!!bool" {
			r.fail(value, key.Value, "write true or false", "%q is neither", value.Value)
		}
	case "order":
		s.Order = r.text(value, key.Value)
	case "engines":
		s.Engines = r.texts(value, key.Value)
	case "figures":
		s.Figures = r.texts(value, key.Value)
	default:
		if len(key.Value) < 2 || key.Value[:2] != "x-" {
			r.fail(key, "", scenario.Suggest(key.Value, fileKeys), "unknown key %q", key.Value)
		}
	}
}

func (r *reader) text(n *yaml.Node, path string) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		r.fail(n, path, "write a text", "a text belongs here")
		return ""
	}
	return n.Value
}

func (r *reader) number(n *yaml.Node, path string) uint64 {
	v, err := strconv.ParseUint(n.Value, 10, 31)
	if err != nil {
		r.fail(n, path, "write a whole number from 0 on", "%q is no number", n.Value)
	}
	return v
}

// texts is a list, or the only element of one.
func (r *reader) texts(n *yaml.Node, path string) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{r.text(n, path)}
	}
	var all []string
	for i, c := range n.Content {
		all = append(all, r.text(c, fmt.Sprintf("%s[%d]", path, i)))
	}
	if n.Kind != yaml.SequenceNode || len(all) == 0 {
		r.fail(n, path, "write a list: [...]", "a list belongs here")
	}
	return all
}

// factor reads KEY: LEVELS or NAME: {key: KEY, levels: LEVELS}.
func (r *reader) factor(key, value *yaml.Node) {
	f := Factor{Key: key.Value}
	path := "factors." + key.Value
	levels := value
	if value.Kind == yaml.MappingNode {
		f.Name, f.Key, levels = key.Value, "", nil
		r.mapping(value, path, func(k, v *yaml.Node) {
			switch k.Value {
			case "key":
				f.Key = r.text(v, path+".key")
			case "levels":
				levels = v
			default:
				r.fail(k, path, scenario.Suggest(k.Value, []string{"key", "levels"}), "unknown key %q", k.Value)
			}
		})
	}
	if f.Key == "" || levels == nil || levels.Kind == yaml.ScalarNode || len(levels.Content) == 0 {
		r.fail(cmp.Or(levels, value), path, "write KEY: [LEVEL, ...], or NAME: {key: KEY, levels: [LEVEL, ...]}",
			"a factor has a key and levels")
		return
	}
	if levels.Kind == yaml.MappingNode {
		r.mapping(levels, path+".levels", func(level, also *yaml.Node) {
			r.level(&f, level, also, path+".levels."+level.Value)
		})
	} else {
		for i, n := range levels.Content {
			r.level(&f, n, nil, fmt.Sprintf("%s[%d]", path, i))
		}
	}
	r.spec.Factors = append(r.spec.Factors, f)
}

// level reads a level with the other keys that it sets; nil: none.
func (r *reader) level(f *Factor, n, also *yaml.Node, path string) {
	value := func(n *yaml.Node) string {
		text, err := flow(n)
		if err != nil {
			r.fail(n, path, "write a value as in a scenario", "%v", err)
		}
		return text
	}
	l := Level{Text: value(n), From: r.path, Line: n.Line, Col: n.Column}
	if also != nil && also.ShortTag() != "!!null" {
		r.mapping(also, path, func(k, v *yaml.Node) {
			l.Also = append(l.Also, Also{Key: k.Value, Value: value(v)})
		})
	}
	f.Levels = append(f.Levels, l)
}

// flow is a value in one line of YAML.
func flow(n *yaml.Node) (string, error) {
	var style func(*yaml.Node)
	style = func(n *yaml.Node) {
		if n.HeadComment, n.LineComment, n.FootComment = "", "", ""; n.Kind != yaml.ScalarNode {
			n.Style = yaml.FlowStyle
		}
		for _, c := range n.Content {
			style(c)
		}
	}
	style(n)
	text, err := yaml.Marshal(n)
	return string(bytes.TrimSpace(text)), err
}
