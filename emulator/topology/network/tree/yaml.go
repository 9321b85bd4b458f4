package tree

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"testbed/emulator/internal/lazy"
)

// maxYAML is the largest number of the characters that separate values: the library makes a node of each value before
// anything can be checked.
const maxYAML = MaxValues / 2

// YAML reads the first document of a YAML file. Aliases are followed, and what they repeat counts each time.
func YAML(text []byte) (*Value, error) {
	n := 0
	for _, separator := range []string{"\n", ",", "[", "{", "- ", "-\t", "? ", "?\t"} {
		n += bytes.Count(text, []byte(separator))
	}
	if n > maxYAML {
		return nil, &Error{1, fmt.Sprintf("there are some %d values, and %d are read at most", n, maxYAML), true}
	}
	var doc yaml.Node
	if err := unmarshal(text, &doc); err != nil {
		return nil, syntax(err)
	}
	if len(doc.Content) == 0 {
		return nil, Failf(1, "the file is empty")
	}
	p := &yamlParser{}
	return p.value(doc.Content[0], 0)
}

// unmarshal is the library's that fails where the library panics.
func unmarshal(text []byte, into *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: cannot be read: %v", p)
		}
	}()
	return yaml.Unmarshal(text, into)
}

var lineOf = lazy.Regexp(`line (\d+): `)

func syntax(err error) error {
	line, message := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := lineOf().FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = strings.Replace(message, m[0], "", 1)
	}
	return Failf(line, "this is not YAML: %s", message)
}

type yamlParser struct{ budget Budget }

func (p *yamlParser) value(n *yaml.Node, depth int) (*Value, error) {
	if err := p.budget.Take(n.Line, depth); err != nil {
		return nil, err
	}
	v := &Value{Line: n.Line}
	switch n.Kind {
	case yaml.AliasNode:
		return p.value(n.Alias, depth+1)
	case yaml.ScalarNode:
		tag := n.ShortTag()
		if tag != "!!null" {
			v.Kind, v.Text, v.Quote = Scalar, n.Value, tag == "!!str"
		}
	case yaml.SequenceNode:
		v.Kind = List
		for _, c := range n.Content {
			one, err := p.value(c, depth+1)
			if err != nil {
				return nil, err
			}
			v.Items = append(v.Items, one)
		}
	case yaml.MappingNode:
		return v, p.mapping(v, n, depth)
	}
	return v, nil
}

// mapping reads a mapping's own keys, and then those of merge keys that it does not have.
func (p *yamlParser) mapping(v *Value, n *yaml.Node, depth int) error {
	v.Kind = Map
	var merged []*Value
	taken := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		one, err := p.value(n.Content[i+1], depth+1)
		switch {
		case err != nil:
			return err
		case key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge":
			merged = append(merged, one)
		case key.Kind != yaml.ScalarNode:
			return Failf(key.Line, "a key must be a word")
		case taken[key.Value]:
			return Failf(key.Line, "the key %.40q is given twice", key.Value)
		default:
			taken[key.Value] = true
			v.Keys = append(v.Keys, Member{key.Value, key.Line, one})
		}
	}
	for _, m := range merged {
		for _, from := range append([]*Value{m}, m.Items...) {
			for _, k := range from.Keys {
				if !taken[k.Name] {
					taken[k.Name] = true
					v.Keys = append(v.Keys, k)
				}
			}
		}
	}
	return nil
}
