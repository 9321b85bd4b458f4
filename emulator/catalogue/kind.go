package catalogue

import "strings"

// Kind is a kind of choices with the type of what they do.
type Kind[T any] struct{ name string }

// NewKind is the kind of that name (a constant of this package), whose entries do a T.
func NewKind[T any](name string) Kind[T] { return Kind[T]{name} }

// Of makes a section of entries.
func (k Kind[T]) Of(entries ...Entry[T]) Section {
	var s Section
	for _, e := range entries {
		s = append(s, entry{k.name, e.Description, e.Does})
	}
	return s
}

// Find is what the entry of that name does; upper case does not matter. It fails where there is none, and says which
// there are.
func (k Kind[T]) Find(c *Catalogue, name string) (T, error) {
	name = strings.ToLower(name)
	if err := c.Check(k.name, name); err != nil {
		var none T
		return none, err
	}
	return k.All(c)[c.Index(k.name, name)].Does, nil
}

// All are the kind's entries, in order.
func (k Kind[T]) All(c *Catalogue) []Entry[T] {
	var all []Entry[T]
	for _, e := range c.of(k.name) {
		all = append(all, Entry[T]{e.Description, e.does.(T)})
	}
	return all
}
