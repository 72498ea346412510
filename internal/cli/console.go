package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

// Console is the verb that signs a browser in.
func Console() *cobra.Command {
	var target Target
	var seconds int
	c := &cobra.Command{
		Use:   "console",
		Short: "Print a link that signs a browser in to the web console as you, once",
		Long: `Print a link that signs a browser in to the web console as the owner of the credentials that are used. It is good once, and for a minute.
Do not pass it on: whoever opens it first is you.`,
		Example: `  magpie console --endpoint-url http://127.0.0.1:8484 --region eu-west-1`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if seconds < 1 || seconds > 900 {
				return errors.New("--seconds must be from 1 to 900")
			}
			client, err := Connect(c.Context(), target)
			if err != nil {
				return err
			}
			link, err := ConsoleLink(c.Context(), client, seconds)
			if err != nil {
				return err
			}
			if host := leadsElsewhere(link, client.Endpoint); host != "" {
				fmt.Fprintf(c.ErrOrStderr(), "the server says that browsers find it at %s\n", host)
			}
			fmt.Fprintln(c.OutOrStdout(), link)
			return nil
		},
	}
	target.bind(c)
	c.Flags().IntVar(&seconds, "seconds", 60, "how long the link is good, 900 at most")
	return c
}

// ConsoleLink asks for a link that signs a browser in as the client.
func ConsoleLink(ctx context.Context, client *Client, seconds int) (string, error) {
	var out struct{ URL string }
	err := client.Call(ctx, http.MethodPost, "/magpie/v1/console-links", nil, map[string]int{"seconds": seconds}, &out)
	if err != nil {
		return "", err
	}
	if err := plainLink(out.URL); err != nil {
		return "", fmt.Errorf("%s answers a link that is not shown: %w", client.Endpoint, err)
	}
	return out.URL, nil
}

// plainLink refuses a link that a browser does not open, or that would do anything to a terminal. It never repeats the link.
func plainLink(link string) error {
	l, err := url.Parse(link)
	switch {
	case strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("it has characters that no link has")
	case err != nil || l.Scheme != "http" && l.Scheme != "https" || l.Host == "" || l.User != nil:
		return errors.New("it is not one to a web page")
	}
	return nil
}

// leadsElsewhere is the host of a link, unless it is the endpoint's: a server may be known to browsers by another name, which whoever is
// about to open the link should see.
func leadsElsewhere(link, endpoint string) string {
	l, err := url.Parse(link)
	e, endpointErr := url.Parse(endpoint)
	if err != nil || endpointErr != nil || strings.EqualFold(l.Host, e.Host) {
		return ""
	}
	return l.Host
}
