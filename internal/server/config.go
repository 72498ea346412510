package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"magpie/internal/certificate"
	"magpie/internal/inventory"
	"magpie/internal/macie2"
	"magpie/internal/mail"
	"magpie/internal/sampling"
	"magpie/internal/signin"
	"magpie/internal/source"
	"magpie/internal/throttle"
)

// Config is everything that can be set from outside. The zero value of a member means its default.
type Config struct {
	Listen      string // host:port; default 127.0.0.1:8484
	Data        string // folder of the embedded store, the master key and, in dev mode, mail; default ./magpie-data
	DatabaseURL string // postgres://…; without it the store is embedded
	MasterKey   string // from MAGPIE_MASTER_KEY; without it the key is a file in Data

	SMTPURL   string
	MailFrom  string
	MailDir   string
	MailRate  int // mails a second to one relay, from all nodes together; default 200
	PublicURL string

	MailCooldown         time.Duration // between two mails of an administrator to an account; default 15 minutes
	MailPerRecipient     int           // mails that an account gets in a day; default 20
	MailPerAdministrator int           // mails that an administrator sends in a day; default 10,000

	Regions        []string // in which Macie is served; default AWS's commercial ones and those in use
	TrustedProxies []string // networks of proxies that say where requests come from; default none
	MetricsListen  string   // host:port of /metrics, which then is there alone; default: beside everything else
	MetricsAccount string   // the account whose signed calls get the metrics, which nobody gets at Listen without one then

	// The quotas of members by invitation and through an organization, for accounts that have none
	// of their own. What is given is kept in the database, for all nodes; 0 leaves what is kept
	// there, or else 1,000 and 10,000.
	QuotaMembers, QuotaOrganizationMembers int

	MaxPerSource   int           // connections from one source; default half of MaxConnections
	AuditDir       string        // folder of the files with audit records; default audit in Data
	AuditRetention time.Duration // how long audit records are kept; default 90 days

	Rates   []string // ACTION=PER_SECOND[:BURST], as throttle.ParseRate reads it; what is not named has its default
	TLSCert string
	TLSKey  string
	Dev     bool

	// StoreEndpoints are the endpoints that accounts may name for stores of their own:
	// https://HOST, https://*.DOMAIN. None by default.
	StoreEndpoints []string

	MaxConnections int // that a node holds at once; default 10000

	// AnalysisWorkers is how many objects this node analyses at once, and AnalysisMemory how many
	// bytes that may take: a third for reading them, the rest for the processes that look into
	// them. By default one for each processor, and 768 MiB.
	AnalysisWorkers int
	AnalysisMemory  int64
	// StoreReads is how many objects of one store all nodes together read at once; default 32. It
	// should be the same on all nodes.
	StoreReads int
	// ScheduledRuns is the time of day, HH:MM in UTC, of the scheduled runs of jobs. Empty: that of
	// each job's creation.
	ScheduledRuns string
	// QuotaJobBytes is how many bytes the jobs of an account may analyse in a month. Default
	// Macie's quota, 5 TB.
	QuotaJobBytes int64
	// DiscoveryCycle is the time between the beginnings of two cycles of automated discovery, and
	// DiscoveryBudget what each may spend, as sampling.ParseBudget reads it. Default a day, and 1
	// GiB and 20,000 requests for each account and store.
	DiscoveryCycle  time.Duration
	DiscoveryBudget string
	// PriceList is a file with the prices that estimated costs are worked out with. Empty: nothing
	// costs anything.
	PriceList string

	// Exclusive refuses a data folder with an embedded store that another process serves from.
	Exclusive bool

	// NoConsole leaves the web console out. ConsoleLife is how long somebody stays signed in to it,
	// and ConsoleIdle how long without doing anything; default 12 hours and 1 hour.
	NoConsole                bool
	ConsoleLife, ConsoleIdle time.Duration

	// OIDCIssuer is where people sign in to the console who have no key, as OIDCClientID; the file has
	// the client's secret, none for a public client. A token of it assumes a role, too.
	OIDCIssuer, OIDCClientID, OIDCClientSecretFile string
	// WebIdentities are further issuers whose tokens assume roles: ISSUER=AUDIENCE.
	WebIdentities []string

	// WorkerOnly leaves the listener out: background work only.
	WorkerOnly bool
}

// The defaults of Config.
const (
	DefaultListen   = "127.0.0.1:8484"
	DefaultData     = "./magpie-data"
	DefaultMailRate = 200

	// DefaultMaxConnections is how many connections a node holds unless told otherwise.
	DefaultMaxConnections = 10_000
	DefaultMailFrom       = "magpie@localhost"

	DefaultMailCooldown         = 15 * time.Minute
	DefaultMailPerRecipient     = 20
	DefaultMailPerAdministrator = 10_000

	DefaultAnalysisMemory = 768 << 20
	DefaultQuotaJobBytes  = 5_000_000_000_000

	DefaultAuditRetention = 90 * 24 * time.Hour
)

// withDefaults fills in what was left out, and refuses what cannot work, so that a mistake shows at
// start.
func (c Config) withDefaults() (Config, error) {
	c = c.filled()
	if err := c.checkValues(); err != nil {
		return c, err
	}
	return c, c.checkTexts()
}

// filled fills in what was left out.
func (c Config) filled() Config {
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if c.Data == "" {
		c.Data = DefaultData
	}
	if c.MailRate == 0 {
		c.MailRate = DefaultMailRate
	}
	if c.MailCooldown == 0 {
		c.MailCooldown = DefaultMailCooldown
	}
	if c.MailPerRecipient == 0 {
		c.MailPerRecipient = DefaultMailPerRecipient
	}
	if c.MailPerAdministrator == 0 {
		c.MailPerAdministrator = DefaultMailPerAdministrator
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = DefaultMaxConnections
	}
	if c.AnalysisMemory == 0 {
		c.AnalysisMemory = DefaultAnalysisMemory
	}
	if c.QuotaJobBytes == 0 {
		c.QuotaJobBytes = DefaultQuotaJobBytes
	}
	if c.MaxPerSource == 0 {
		c.MaxPerSource = max(1, c.MaxConnections/2)
	}
	if c.ConsoleLife == 0 {
		c.ConsoleLife = signin.DefaultLife
	}
	if c.ConsoleIdle == 0 {
		c.ConsoleIdle = signin.DefaultIdle
	}
	if c.AuditDir == "" {
		c.AuditDir = filepath.Join(c.Data, "audit")
	}
	if c.AuditRetention == 0 {
		c.AuditRetention = DefaultAuditRetention
	}
	if c.MailFrom == "" {
		c.MailFrom = DefaultMailFrom
	}
	if c.Dev && c.SMTPURL == "" && c.MailDir == "" {
		c.MailDir = filepath.Join(c.Data, "mail")
	}
	return c
}

// checkValues refuses numbers that are out of bounds and settings that exclude each other.
func (c Config) checkValues() error {
	switch {
	case c.SMTPURL != "" && c.MailDir != "":
		return errors.New("--smtp-url and --mail-dir exclude each other: give one of them")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key go together: give both")
	case c.MailRate < 0:
		return errors.New("--mail-rate must be at least 1")
	case c.MetricsListen != "" && c.WorkerOnly:
		return errors.New("--metrics-listen is for nodes that serve")
	case c.MetricsAccount != "" && !isAccountID(c.MetricsAccount):
		return errors.New("--metrics-account must be an account id, 12 digits")
	case c.MailCooldown < 0 || c.MailPerRecipient < 0 || c.MailPerAdministrator < 0:
		return errors.New("--mail-cooldown, --mail-per-recipient and --mail-per-administrator must be more than 0")
	case c.MaxPerSource < 0:
		return errors.New("--max-connections-per-source must be at least 1")
	case c.AuditRetention < 0:
		return errors.New("--audit-retention must be more than 0")
	case c.ConsoleLife < time.Minute || c.ConsoleIdle < time.Minute:
		return errors.New("--console-session and --console-idle must be at least a minute")
	case (c.OIDCIssuer == "") != (c.OIDCClientID == ""):
		return errors.New("--oidc-issuer and --oidc-client-id go together: give both")
	case c.OIDCClientSecretFile != "" && c.OIDCIssuer == "":
		return errors.New("--oidc-client-secret-file goes with --oidc-issuer and --oidc-client-id")
	case c.QuotaMembers < 0:
		return errors.New("--quota-members must be at least 1")
	case c.QuotaOrganizationMembers < 0:
		return errors.New("--quota-organization-members must be at least 1")
	case c.AnalysisWorkers < 0:
		return errors.New("--analysis-workers must be at least 1, or 0 for one for each processor")
	case c.AnalysisMemory < leastAnalysisMemory:
		return fmt.Errorf("--analysis-memory must be at least %d MiB", leastAnalysisMemory>>20)
	case c.DiscoveryCycle < 0 || c.DiscoveryCycle > 0 && c.DiscoveryCycle < time.Second:
		return errors.New("--discovery-cycle must be at least 1s")
	case c.QuotaJobBytes < 0:
		return errors.New("--quota-job-bytes must be more than 0")
	case c.MaxConnections < 0:
		return errors.New("--max-connections must be at least 1")
	}
	return nil
}

// checkTexts refuses settings that cannot be read.
func (c Config) checkTexts() error {
	if _, err := c.scheduledRuns(); err != nil {
		return err
	}
	if _, err := sampling.ParseBudget(c.DiscoveryBudget); err != nil {
		return fmt.Errorf("--discovery-budget: %w", err)
	}
	if _, err := c.priceList(); err != nil {
		return err
	}
	if err := c.checkMail(); err != nil {
		return err
	}
	if _, err := c.rates(); err != nil {
		return err
	}
	if err := c.checkRegions(); err != nil {
		return err
	}
	if _, err := source.ParseProxies(c.TrustedProxies); err != nil {
		return fmt.Errorf("--trusted-proxies: %w", err)
	}
	if _, err := inventory.ParseEndpoints(c.StoreEndpoints); err != nil {
		return fmt.Errorf("--store-endpoints %w", err)
	}
	if _, err := c.issuers(); err != nil {
		return err
	}
	if c.TLSCert != "" {
		if _, err := certificate.Load(c.TLSCert, c.TLSKey, nil); err != nil {
			return err
		}
	}
	if c.Dev && !c.WorkerOnly {
		if err := loopbackOnly(c.Listen); err != nil {
			return err
		}
	}
	return nil
}

func isAccountID(s string) bool {
	_, err := macie2.ParseAccountID(s)
	return err == nil
}

// rates are the rates that were set, by action.
func (c Config) rates() (map[string]throttle.Rate, error) {
	rates := make(map[string]throttle.Rate, len(c.Rates))
	for _, text := range c.Rates {
		action, rate, err := throttle.ParseRate(text)
		if err != nil {
			return nil, fmt.Errorf("--rate %w", err)
		}
		rates[action] = rate
	}
	return rates, nil
}

// checkMail refuses what no mail could be sent by.
func (c Config) checkMail() error {
	if c.SMTPURL != "" {
		if _, err := mail.ParseRelay(c.SMTPURL); err != nil {
			return fmt.Errorf("--smtp-url: %w", err)
		}
	}
	endpoint := c.PublicURL
	switch {
	case c.SMTPURL == "" && c.MailDir == "":
		return nil
	case endpoint == "" && c.WorkerOnly:
		return errors.New("--public-url is missing: a worker that sends mail has no address of its own to tell people")
	case endpoint == "":
		endpoint = "http://" + DefaultListen // as good as any: which it is shows when we listen
	}
	if _, err := mail.NewComposer(mail.Options{From: c.MailFrom, PublicURL: c.PublicURL, EndpointURL: endpoint}); err != nil {
		return fmt.Errorf("--mail-from, --public-url: %w", err)
	}
	return nil
}

// reachable reports whether those who get mails can use the endpoint that is in them. Mails in a
// folder are read on this machine.
func (c Config) reachable() bool {
	if c.PublicURL != "" {
		return true
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil || host == "" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "localhost" || err == nil && ip.Unmap().IsLoopback():
		return c.SMTPURL == ""
	case err == nil:
		return !ip.IsUnspecified()
	}
	return true
}

// loopbackOnly refuses an address that others can reach: in dev mode nobody's secret is checked.
func loopbackOnly(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("--listen %q: %w", listen, err)
	}
	ip, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	return fmt.Errorf("--dev checks no secrets and listens on loopback only, not on %q: use 127.0.0.1, or leave --dev out", listen)
}

// endpoint is the address that mails and logs tell people to use.
func (c Config) endpoint(address net.Addr) string {
	if c.PublicURL != "" {
		return strings.TrimSuffix(c.PublicURL, "/")
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + address.String()
}
