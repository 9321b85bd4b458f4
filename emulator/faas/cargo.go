package faas

// cargo is what came with messages: arguments, which are held while the function runs, and carried states.
type cargo struct {
	arguments []*blob
	states    []value // in the order of ChainSpec.Carried
}

func (c *cargo) release() {
	if c == nil {
		return
	}
	release(c.arguments)
	for _, v := range c.states {
		v.content.release()
	}
	c.arguments, c.states = nil, nil
}

func (c *cargo) add(other *cargo) {
	c.arguments = append(c.arguments, other.arguments...)
	c.states = append(c.states, other.states...)
}
