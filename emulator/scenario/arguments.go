package scenario

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ParseProperties reads properties from arguments such as rate=10Mbps or loss.up=1%: the keys and values
// of the file, with .up or .down for one direction, which come before a value for both. An error names
// the argument and the valid keys.
func ParseProperties(args []string) (Properties, error) {
	var p Properties
	if len(args) == 0 {
		return p, fmt.Errorf("nothing to set: write KEY=VALUE, where KEY is one of %s", validKeys())
	}
	// Values for both directions go first, so that the order of arguments does not matter.
	sorted := slices.Clone(args)
	slices.SortStableFunc(sorted, func(a, b string) int { return directed(a) - directed(b) })
	var errs []error
	seen := map[string]bool{}
	for _, arg := range sorted {
		key, _, _ := strings.Cut(arg, "=")
		if seen[key] {
			errs = append(errs, fmt.Errorf("%s: %s is given twice", arg, key))
			continue
		}
		seen[key] = true
		if err := p.argument(arg); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", arg, err))
		}
	}
	if p.RTT != nil && p.Delay != nil {
		errs = append(errs, errors.New("rtt: the delay is given more than once; keep one of delay, rtt"))
	}
	if err := errors.Join(errs...); err != nil {
		return Properties{}, err
	}
	return p, nil
}

// directed is 1 for an argument about one direction, 0 otherwise.
func directed(arg string) int {
	if key, _, _ := strings.Cut(arg, "="); strings.Contains(key, ".") {
		return 1
	}
	return 0
}

// argument reads one argument into p.
func (p *Properties) argument(arg string) error {
	key, value, ok := strings.Cut(arg, "=")
	name, direction, one := strings.Cut(key, ".")
	f := find(fieldsOf(reflect.TypeFor[Properties](), nil), name)
	switch {
	case !ok || value == "":
		return fmt.Errorf("write KEY=VALUE, where KEY is one of %s", validKeys())
	case f == nil:
		if _, near := nearest(name, append(slices.Clone(propertyKeys), "rtt", "mtu")); !near {
			return fmt.Errorf("unknown key %q; the keys are %s", name, validKeys())
		}
		near := suggest(name, append(slices.Clone(propertyKeys), "rtt", "mtu"))
		return fmt.Errorf("unknown key %q; %s; the keys are %s", name, near, validKeys())
	case one && name == "mtu":
		return errors.New("mtu is that of both directions; write mtu")
	case one && name == "rtt":
		return errors.New("rtt is both directions together; write delay.up or delay.down")
	case one && direction != "up" && direction != "down":
		return fmt.Errorf("there is no direction %q; write %s.up or %s.down; the keys are %s",
			direction, name, name, validKeys())
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: value}
	if one {
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: direction}
		n = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{key, n}}
	}
	d := decoder{where: map[string]position{}}
	target := reflect.ValueOf(p).Elem().FieldByIndex(f.index)
	given := reflect.New(f.typ).Elem()
	if !d.value(n, given, f, name, 0) {
		if len(d.errs) == 0 {
			return errors.New("it cannot be read")
		}
		return fmt.Errorf("%s; %s; the keys are %s", d.errs[0].Message, d.errs[0].Remedy, validKeys())
	}
	if target.IsNil() || !one {
		target.Set(given)
		return nil
	}
	i := map[string]int{"up": 0, "down": 1}[direction]
	target.Elem().Field(i).Set(given.Elem().Field(i))
	return nil
}

// validKeys lists the keys of arguments.
func validKeys() string {
	return strings.Join(propertyKeys, ", ") + " (each alone, or for one direction with .up or .down), rtt and mtu"
}

// Args prints the properties as arguments that ParseProperties reads, in the order of the file's keys.
func (p Properties) Args() []string {
	var args []string
	v := reflect.ValueOf(p)
	for _, f := range fieldsOf(v.Type(), nil) {
		switch n := encode(v.FieldByIndex(f.index), &f); {
		case n == nil:
		case n.Kind == yaml.ScalarNode:
			args = append(args, f.name+"="+n.Value)
		default:
			for i := 0; i+1 < len(n.Content); i += 2 {
				args = append(args, f.name+"."+n.Content[i].Value+"="+n.Content[i+1].Value)
			}
		}
	}
	return args
}
