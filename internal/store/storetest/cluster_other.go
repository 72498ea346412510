//go:build !unix

package storetest

import "errors"

// ClusterOptions describe a private PostgreSQL.
type ClusterOptions struct {
	Durable bool
	Config  []string
}

// Cluster is a private PostgreSQL; on this system there is none.
type Cluster struct{}

// StartCluster fails: a server must be given in MAGPIE_TEST_POSTGRES_URL.
func StartCluster(ClusterOptions) (*Cluster, error) {
	return nil, errors.New("private clusters are started on Unix only")
}

// URL is never called.
func (c *Cluster) URL(string) string { return "" }

// Stop is never called.
func (c *Cluster) Stop() {}

// The other methods are never called either.

func URLs(string, ...*Cluster) string             { return "" }
func (c *Cluster) Standby() (*Cluster, error)     { return nil, errors.ErrUnsupported }
func (c *Cluster) Configure(string, string) error { return errors.ErrUnsupported }
func (c *Cluster) Promote() error                 { return errors.ErrUnsupported }
func (c *Cluster) Kill()                          {}
func (c *Cluster) Done() <-chan struct{}          { return nil }
