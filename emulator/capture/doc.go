// Package capture writes the packets of many interfaces at once into one pcapng file.
//
//	sources                       capture.go                  pcapng.go, files.go
//	  nodes: packet_linux.go ----> merge.go: in order of ----> one file, a ring of files, or a
//	  links: fabric.Tapper --/     their times, over all       stream into Wireshark
//
// Nodes of other machines are captured by the machines' agents (far.go), and what they tell is placed on this host's
// clock.
//
// A node's packets are read off its eth0 (AF_PACKET with a ring in memory), with the kernel's own time stamps. A link's
// are shown by the fabric: the userspace one knows to the nanosecond when each has left its queue, netem's links are
// the kernel's devices. Whatever a source had no room for is counted, and stands in the file as its interface's
// statistics.
//
// Filters are a part of pcap-filter(7), compiled here (filter.go), for no library does that well without cgo; they
// run where the packets are, in the kernel or in the fabric. The format is written here too: it takes a page, and what
// libraries there are bring the decoders of all protocols into the program.
package capture
