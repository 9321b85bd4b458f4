// Package inside runs programs of this host in namespaces of a node, as `ip netns exec` does: they are left to
// themselves, and the terminal is afterwards as it was before.
package inside
