package netem

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"testbed/emulator/fabric"
	"testbed/emulator/netns"
)

// Files in a testbed's directory, which tell other processes, and later ones, what to look for in the kernel: the
// network as it was last wanted, and the namespaces of all stations that may have a device of it.
const (
	wantedFile   = "netem.wanted"
	stationsFile = "netem.stations"
	formerFile   = "netem.former" // further addresses of earlier networks that stations may still have
	madeFile     = "netem.made"   // of earlier versions
)

// wanted reads the network as it was last wanted. The error wraps fs.ErrNotExist where there is none.
func (f *Fabric) wanted() (*fabric.Network, error) {
	path := filepath.Join(f.dir, wantedFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	n, err := fabric.Decode(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &n, nil
}

// stations reads the namespaces that may have a device of the network.
func (f *Fabric) stations() ([]netns.Ref, error) {
	var all []netns.Ref
	if err := f.readList(stationsFile, &all); err != nil {
		return nil, err
	}
	return all, nil
}

// readList reads a file of JSON; one that is missing has nothing.
func (f *Fabric) readList(file string, into any) error {
	path := filepath.Join(f.dir, file)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// intend writes down what is going to be made, before it is, and returns the namespaces that the network leaves.
func (f *Fabric) intend(n *fabric.Network) (left []netns.Ref, err error) {
	before, err := f.stations()
	if err != nil {
		before = nil // written by something else: what is in stations that are wanted no more goes with them
	}
	now := refs(n)
	for _, r := range before {
		if !slices.Contains(now, r) {
			left = append(left, r)
		}
	}
	if err := f.writeStations(append(slices.Clone(left), now...)); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := n.Encode(&text); err != nil {
		return nil, err
	}
	if err := f.write(wantedFile, text.Bytes()); err != nil {
		return nil, err
	}
	f.last = nil
	if f.stamp, err = os.Stat(filepath.Join(f.dir, wantedFile)); err == nil {
		if l, err := f.layoutOf(n); err == nil {
			f.last = l.intended(n)
		}
	}
	return left, nil
}

// formerly is what earlier networks gave a station.
type formerly struct {
	NetNS     netns.Ref
	Addresses []netip.Prefix
}

// formerAddresses are further addresses that networks wanted before gave stations, and this one does not. They are
// written down until a network is made without them: the next one must find those of one that failed.
func (f *Fabric) formerAddresses(n *fabric.Network) (map[netns.Ref][]netip.Prefix, error) {
	var before, left []formerly
	if err := f.readList(formerFile, &before); err != nil {
		return nil, err
	}
	if was, err := f.wanted(); err == nil {
		for _, s := range was.Stations {
			before = append(before, formerly{s.NetNS, s.Addresses})
		}
	}
	now, all := map[netns.Ref]*fabric.Station{}, map[netns.Ref][]netip.Prefix{}
	for i := range n.Stations {
		now[n.Stations[i].NetNS] = &n.Stations[i]
	}
	for _, s := range before {
		for _, a := range s.Addresses {
			has := func(b netip.Prefix) bool { return b.Addr() == a.Addr() }
			one := netip.PrefixFrom(a.Addr(), a.Addr().BitLen())
			to := now[s.NetNS]
			if to == nil || slices.ContainsFunc(to.Addresses, has) || slices.Contains(all[s.NetNS], one) {
				continue
			}
			all[s.NetNS] = append(all[s.NetNS], one)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	for ns, addresses := range all {
		left = append(left, formerly{ns, addresses})
	}
	return all, f.writeList(formerFile, left)
}

func refs(n *fabric.Network) []netns.Ref {
	all := make([]netns.Ref, len(n.Stations))
	for i := range all {
		all[i] = n.Stations[i].NetNS
	}
	return all
}

func (f *Fabric) writeStations(all []netns.Ref) error { return f.writeList(stationsFile, all) }

// writeList replaces a file by JSON.
func (f *Fabric) writeList(file string, all any) error {
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return f.write(file, text)
}

// write replaces a file: a reader sees the old one or the new one.
func (f *Fabric) write(file string, text []byte) error {
	path := filepath.Join(f.dir, file)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// unwrite removes the files.
func (f *Fabric) unwrite() error {
	var failed []error
	for _, file := range []string{wantedFile, stationsFile, formerFile, madeFile} {
		for _, name := range []string{file, file + ".new"} {
			failed = append(failed, f.erase(name))
		}
	}
	return errors.Join(failed...)
}

// erase removes a file that may be missing.
func (f *Fabric) erase(file string) error {
	if err := os.Remove(filepath.Join(f.dir, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
