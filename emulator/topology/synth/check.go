package synth

import (
	"errors"
	"fmt"

	"testbed/emulator/units"
)

// maxCount bounds every count, so that a slip of the pen is an error and not a machine without memory.
const maxCount = 100_000

// checker collects what is wrong with parameters.
type checker struct {
	of   string
	errs []error
}

func (c *checker) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s: %w", c.of, fmt.Errorf(format, args...)))
}

func (c *checker) count(name string, n, least int) {
	if n < least || n > maxCount {
		c.fail("%s is %d; it must be from %d to %d", name, n, least, maxCount)
	}
}

func (c *checker) rates(host, cell, up, down, cloudlet units.BitRate) {
	for i, r := range []units.BitRate{host, cell, up, down, cloudlet} {
		if r <= 0 {
			c.fail("the %s rate must be positive", []string{"host", "cell", "up", "down", "cloudlet"}[i])
		}
	}
}

func (c *checker) err() error { return errors.Join(c.errs...) }
