package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"

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
	return out.URL, err
}
