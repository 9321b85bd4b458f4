package canary

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"testbed/emulator/fabric"
	"testbed/emulator/internal/proc"
	"testbed/emulator/netns"
)

// Start makes the canary's network by f, and begins to probe. The name is that of the fabric's testbed. All that it
// makes ends with this process: its namespaces have no names, and what carries the packets depends on it. What is left
// of one whose process was killed is removed first.
func Start(ctx context.Context, f fabric.Fabric, name string) (*Canary, error) {
	c := &Canary{account: newAccount(), now: monotonic, done: make(chan struct{})}
	p, remove, err := prepare(ctx, f, name)
	if err != nil {
		return nil, fmt.Errorf("the canary's network: %w", err)
	}
	c.stop, c.remove = p.end, func(ctx context.Context) error { p.close(); return remove(ctx) }
	go func() {
		defer close(c.done)
		err := proc.OnSpareThread(func() error { return c.probe(p) })
		if err != nil {
			c.fail(err)
		}
	}()
	return c, nil
}

// prepare makes the network with a socket at each end. After an error nothing is left.
func prepare(ctx context.Context, f fabric.Fabric, name string) (p *prober, remove func(context.Context) error, err error) {
	var spaces []*netns.Held
	clean := func(ctx context.Context) error {
		failed := []error{f.Close(context.WithoutCancel(ctx))}
		for _, s := range spaces {
			failed = append(failed, s.Close())
		}
		return errors.Join(failed...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, clean(ctx))
		}
	}()
	var refs [2]netns.Ref
	for i := range refs {
		s, err := netns.Hold()
		if err != nil {
			return nil, nil, err
		}
		spaces, refs[i] = append(spaces, s), s.Ref()
	}
	if err := f.Close(ctx); err != nil {
		return nil, nil, err
	}
	n, err := network(name, refs)
	if err != nil {
		return nil, nil, err
	}
	if d, ok := f.(fabric.Dependent); ok {
		d.Depend()
	}
	if err := f.Apply(ctx, n); err != nil {
		return nil, nil, err
	}
	p, err = newProber(refs)
	return p, clean, err
}

// newProber opens a socket in each of the namespaces, connected to the other one's.
func newProber(spaces [2]netns.Ref) (*prober, error) {
	p := &prober{fds: [3]int{-1, -1, -1}}
	var err error
	p.fds[ender], err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	ends := [2]netip.Addr{here.Addr(), there.Addr()}
	for i := range spaces {
		if err != nil {
			break
		}
		err = netns.Do(spaces[i], func() (err error) { p.fds[i], err = socket(ends[i], ends[1-i]); return err })
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

const port = 7 // echo (RFC 862)

// socket opens one for UDP, in the calling thread's namespace.
func socket(from, to netip.Addr) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: from.As4()}); err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: to.As4()})
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("a socket from %v to %v: %w", from, to, err)
	}
	return fd, nil
}
