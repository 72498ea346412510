// Command magpie is a self-hosted data-security service that speaks the Amazon Macie API. This is the one program, and the guided tour.
//
// # The way of CreateInvitations
//
// Four hops lead from the socket to the disk:
//
//	awsapi      (*Server).ServeHTTP: verify the signature, find the operation, decode, authorise, check
//	membership  (*Invitations).CreateInvitations: which accounts may be invited, and why the others may not
//	membership  (*Invitations).storeInvitations: one compare-and-set, the invitations, the events, the tasks
//	store       (*DB).Tx: one SQL text for SQLite and PostgreSQL, many callers in one commit
//
// After the commit a worker of queue does the tasks: membership's sendInvitations verifies the address and shows the invitation to the
// recipient, its deliverMail hands the mail to a relay. docs/tour.md goes the whole way, function by function; docs/glossary.md explains
// the words.
//
// # The packages, each below those that it uses
//
//	macie2                    the contract: types, checks, routes, binders, generated from api/macie2.json
//	sigv4, arn                signatures: verify and sign; names of resources, each with one spelling
//	source, budget            addresses of callers; the bytes that callers make the program hold
//	heap                      memory in huge pages, where the kernel gives them to those who ask
//	printable, certificate    text of others for terminals and spreadsheets; a TLS certificate that is renewed on disk
//	lazyregexp                regular expressions, compiled when they are used first
//	extract, detect, classify pure: bytes to text with places, text to sensitive data, the two together
//	analyse                   objects read in processes of their own, which may die alone: source in, result out
//	store, mail               one database, two engines; invitation mail and its delivery
//	queue, identity,          tasks in the same database, of milliseconds and of hours; accounts, keys, roles; ARNs, tags, client tokens;
//	resource, pagetoken,      page tokens; what a key or a role may do, by IAM's documents; how often an
//	policy, throttle          account may call
//	audit                     a record of every call, in the transaction of what it changes
//	session                   what Macie is in an account and Region: enabled, paused; hooks for what hangs on it
//	membership                the heart: members, invitations, administrators, history
//	identifier                what to look for: managed and custom data identifiers, allow lists
//	inventory                 object stores and their buckets: what there is, who can reach it, what changed
//	discovery                 classification jobs, and the machine that works through their objects
//	sampling                  automated discovery: which objects are worth reading, and how sensitive a bucket is
//	usage                     what was analysed and watched for each account, and what it costs by the operator's prices
//	finding                   what was found: findings, filters, statistics, samples
//	publication               findings told to others: webhooks, EventBridge, Security Hub, files
//	awsapi, cli, scan         the HTTP edge; client verbs (every operation, invite, members); `magpie scan`
//	signin, console           who is signed in to the web console; its files and endpoints. Its pages are in web/src, built into web/dist
//	webidentity               tokens of identity providers, for people at the console and for workloads
//	admin, envflag            the operator's verbs, on the database itself; MAGPIE_ variables for every flag
//	sts, organizations        the other AWS services that are served: STS, AWS Organizations
//	admission, permission,    who is looked up and when it is refused; what a caller may do; how many connections
//	connlimit                 there are
//	server                    configuration to parts to listeners and workers
//	demo, attack, bench       `magpie demo`; what strangers do to a node, for tests and the benchmark; `make bench`
//	apitest, arch, leak       whole conversations through real clients; tests of how the code is put together, and of goroutines that stay
//
// Each package's own documentation says what it owns, what it promises and where to start reading.
package main
