curl -X POST -d '{"ssn":"536-90-4399"}' https://x.example
