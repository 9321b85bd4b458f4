// Package netnstest makes network namespaces for tests.
package netnstest
