package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"magpie/internal/identity"
	"magpie/internal/inventory"
	"magpie/internal/sampling"
	"magpie/internal/server"
	"magpie/internal/signin"
)

func serveCommand() *cobra.Command {
	var c server.Config
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the Macie API, and do the work behind it",
		Example: `  magpie serve --dev
  magpie serve --listen 0.0.0.0:8484 --database-url postgres://magpie@db/magpie --smtp-url smtp://relay.example.com`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.MaxConnections == 0 {
				return errors.New("--max-connections must be at least 1")
			}
			return runServer(cmd, c)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Listen, "listen", server.DefaultListen, "address to listen on")
	f.StringVar(&c.TLSCert, "tls-cert", "", "file with the certificate chain, PEM")
	f.StringVar(&c.TLSKey, "tls-key", "", "file with the certificate's key, PEM")
	f.IntVar(&c.MaxPerSource, "max-connections-per-source", 0, "connections that one source may hold (default: half of --max-connections)")
	f.StringVar(&c.AuditDir, "audit-dir", "", "folder of the files with audit records (default: audit in the --data folder)")
	f.DurationVar(&c.AuditRetention, "audit-retention", server.DefaultAuditRetention, "how long audit records are kept")
	f.StringSliceVar(&c.Rates, "rate", nil,
		"how often an account may call an action in a Region: `ACTION=PER_SECOND[:BURST]`, repeated or with commas; * is every other action")
	f.IntVar(&c.MaxConnections, "max-connections", server.DefaultMaxConnections, "connections that this node holds at once; more are refused")
	f.StringSliceVar(&c.Regions, "regions", nil, "`Regions` in which Macie is served, repeated or with commas (default: AWS's commercial ones and those in use)")
	f.StringSliceVar(&c.TrustedProxies, "trusted-proxies", nil,
		"`networks` of proxies that say where requests come from, by X-Forwarded-For or the PROXY protocol; repeated or with commas")
	f.DurationVar(&c.ConsoleLife, "console-session", signin.DefaultLife, "how long somebody stays signed in to the console")
	f.DurationVar(&c.ConsoleIdle, "console-idle", signin.DefaultIdle, "how long somebody stays signed in to the console without doing anything")
	f.StringVar(&c.OIDCIssuer, "oidc-issuer", "", "`URL` of the OpenID Connect issuer at which people sign in to the console; its tokens assume roles, too")
	f.StringVar(&c.OIDCClientID, "oidc-client-id", "", "what the console is called at --oidc-issuer")
	f.StringVar(&c.OIDCClientSecretFile, "oidc-client-secret-file", "", "`file` with the console's secret at --oidc-issuer (default: it has none)")
	f.StringSliceVar(&c.WebIdentities, "web-identity", nil,
		"`ISSUER=AUDIENCE` of tokens with which workloads assume roles, repeated or with commas")
	f.StringVar(&c.MetricsAccount, "metrics-account", "", "`account` whose signed calls get the metrics from /magpie/v1/metrics; nobody gets them from /metrics at --listen then")
	f.StringVar(&c.MetricsListen, "metrics-listen", "", "`address` of /metrics, which then is there and not at --listen")
	f.BoolVar(&c.Dev, "dev", false, "for development: loopback only, secrets are not checked, every account exists")
	storeFlags(cmd, &c)
	workFlags(cmd, &c)
	return cmd
}

func workerCommand() *cobra.Command {
	c := server.Config{WorkerOnly: true}
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Do background work only: a further node on a PostgreSQL that others serve from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.DatabaseURL == "" {
				return errors.New("--database-url is missing: an embedded store has one node, which does its own background work")
			}
			return runServer(cmd, c)
		},
	}
	storeFlags(cmd, &c)
	workFlags(cmd, &c)
	return cmd
}

func storeFlags(cmd *cobra.Command, c *server.Config) {
	f := cmd.Flags()
	f.StringVar(&c.Data, "data", server.DefaultData, "folder of the embedded store and the master key")
	f.StringVar(&c.DatabaseURL, "database-url", "", "PostgreSQL instead of the embedded store: postgres://…")
}

func workFlags(cmd *cobra.Command, c *server.Config) {
	f := cmd.Flags()
	f.StringVar(&c.SMTPURL, "smtp-url", "", "mail relay: smtp[s]://user:password@host:port[?tls=required]")
	f.StringVar(&c.MailFrom, "mail-from", server.DefaultMailFrom, "sender of invitation mail")
	f.StringVar(&c.MailDir, "mail-dir", "", "write mail as .eml files into this folder instead of sending it")
	f.IntVar(&c.MailRate, "mail-rate", server.DefaultMailRate, "mails a second that the relay gets, from all nodes together")
	f.DurationVar(&c.MailCooldown, "mail-cooldown", server.DefaultMailCooldown, "between two mails of an administrator to an account in a Region; in all Regions three go in that time")
	f.IntVar(&c.MailPerRecipient, "mail-per-recipient", server.DefaultMailPerRecipient, "invitation mails that an account gets in a day, of all administrators")
	f.IntVar(&c.MailPerAdministrator, "mail-per-administrator", server.DefaultMailPerAdministrator, "invitation mails that an administrator sends in a day")
	f.BoolFunc("console", "serve the web console at /console/, and link to it in mails (default true)", func(text string) error {
		on, err := strconv.ParseBool(text)
		c.NoConsole = !on
		return err
	})
	f.StringVar(&c.PublicURL, "public-url", "", "address at which people reach this server, for mails")
	f.IntVar(&c.QuotaMembers, "quota-members", 0, "members that an administrator may have by invitation in a Region;"+
		" kept in the database, for all nodes (default: what is kept, or else 1000)")
	f.IntVar(&c.QuotaOrganizationMembers, "quota-organization-members", 0, "members that an administrator may have through its"+
		" organization in a Region; kept in the database, for all nodes (default: what is kept, or else 10000)")
	f.StringSliceVar(&c.StoreEndpoints, "store-endpoints", nil,
		"endpoints that accounts may name for stores of their own, such as `https://*.example.com`; repeated or with commas")
	f.IntVar(&c.AnalysisWorkers, "analysis-workers", 0, "objects that this node analyses at once (default: one for each processor)")
	f.Int64Var(&c.AnalysisMemory, "analysis-memory", server.DefaultAnalysisMemory, "bytes that reading and analysing objects may take on this node")
	f.IntVar(&c.StoreReads, "store-reads", inventory.DefaultReads, "objects of one store that all nodes together read at once")
	f.StringVar(&c.ScheduledRuns, "scheduled-runs", "", "time of day of the scheduled runs of jobs, `HH:MM` in UTC (default: that of each job's creation)")
	f.DurationVar(&c.DiscoveryCycle, "discovery-cycle", sampling.DefaultCycle, "time between the beginnings of two cycles of automated discovery")
	f.StringVar(&c.DiscoveryBudget, "discovery-budget", "", "what a cycle may spend in the buckets of an account at a store, `BYTES[,REQUESTS]` (default: 1GiB,20000)")
	f.Int64Var(&c.QuotaJobBytes, "quota-job-bytes", server.DefaultQuotaJobBytes, "bytes that jobs may analyse of an account's buckets in a month")
	f.StringVar(&c.PriceList, "price-list", "", "`file` with the prices that estimated costs are worked out with, JSON (default: nothing costs anything)")
}

// runServer serves until ctx ends or a part fails.
func runServer(cmd *cobra.Command, c server.Config) error {
	ctx := cmd.Context()
	// To server.Config 0 is the default; a 0 that somebody wrote is a mistake.
	for name, n := range map[string]int{"mail-rate": c.MailRate, "mail-cooldown": int(c.MailCooldown), "mail-per-recipient": c.MailPerRecipient,
		"mail-per-administrator": c.MailPerAdministrator, "quota-members": c.QuotaMembers, "quota-organization-members": c.QuotaOrganizationMembers,
		"quota-job-bytes": int(c.QuotaJobBytes), "store-reads": c.StoreReads} {
		if n == 0 && cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s must be at least 1", name)
		}
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	c.Exclusive = true
	c.MasterKey = os.Getenv(identity.MasterKeyEnv)
	s, err := server.Start(ctx, c, log)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		log.Info("stopping")
		return s.Close()
	case err := <-s.Failed():
		log.Error("failed", "error", err)
		s.Close()
		return err
	}
}
