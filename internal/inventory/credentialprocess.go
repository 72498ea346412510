package inventory

import (
	"context"
	"os/exec"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
)

// processCredentials are those that a program gives out, the credential_process of a profile. The program ends with a context, which by
// itself it would not: the SDK shares an attempt between callers, and lets it go on for a minute when the last of them has gone.
type processCredentials struct {
	*aws.CredentialsCache
	running sync.Mutex // held while the program runs
}

// endingWith returns the credentials of a configuration. If they are a program's, that ends with ctx. One whose credentials are those of a
// profile that another one names as its source_profile is the SDK's, and does not.
func endingWith(ctx context.Context, c aws.Config) aws.CredentialsProvider {
	if !aws.IsCredentialsProvider(c.Credentials, (*processcreds.Provider)(nil)) {
		return c.Credentials
	}
	for _, source := range c.ConfigSources {
		if shared, ok := source.(config.SharedConfig); ok && shared.CredentialProcess != "" {
			p := &processCredentials{}
			p.CredentialsCache = aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(asked context.Context) (aws.Credentials, error) {
				p.running.Lock()
				defer p.running.Unlock()
				asked, cancel := context.WithCancel(asked)
				defer context.AfterFunc(ctx, cancel)()
				return processcreds.NewProviderCommand(command(shared.CredentialProcess)).Retrieve(asked)
			}))
			return p
		}
	}
	return c.Credentials
}

// command starts a program as the SDK does, but does not wait for those that it has started in its turn.
func command(line string) processcreds.NewCommandBuilder {
	return processcreds.NewCommandBuilderFunc(func(ctx context.Context) (*exec.Cmd, error) {
		c, err := processcreds.DefaultNewCommandBuilder{Args: []string{line}}.NewCommand(ctx)
		if err == nil {
			c.WaitDelay = 100 * time.Millisecond
		}
		return c, err
	})
}

// Retrieve implements aws.CredentialsProvider. When ctx has ended it returns after the program has.
func (p *processCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := p.CredentialsCache.Retrieve(ctx)
	if ctx.Err() != nil {
		p.running.Lock()
		defer p.running.Unlock()
	}
	return c, err
}
