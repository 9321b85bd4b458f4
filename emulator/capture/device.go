package capture

import "testbed/emulator/netns"

// Device is a network interface of the kernel's.
type Device struct {
	NetNS netns.Ref
	Name  string // of the interface in that namespace, such as eth0
	Of    string // whose it is, for errors: a node or a link
	Sent  bool   // only what leaves by it
}

// Devices are a source of packets of interfaces, as they pass them (AF_PACKET), with the kernel's time stamps.
type Devices []Device
