echo "-----BEGIN RSA PRIVATE KEY-----" >> id.pem
echo "MIICXgIBAAKBgQDvpJIx9cY+YeSGDoq6g9RK0IIlQlH2ozxQOJNZt84m7JT5EbR4" >> id.pem
echo "hc5SgybmZnuH9LWpVI7zL9p/7so+0PcNYJV7N8ZVmCt1xvxgep7qongZTbmAJjnR" >> id.pem
echo "UfPPRuWVvr+WwFT9Z6m4KI4JWSAxHxMvZR+0paImJeUo/+eaLvvk9GTZfQIDAQAB" >> id.pem
echo "AoGBAJmeGmVSUpmMsSxKSB3WAhFPZg4yXE5JR5F5IuPhUpJbGAgtlE2qIJ9+GUKa" >> id.pem
echo "sVduw8DfRp+Xrm5SCW2JEMWPg2HyuCU+Z59tJpdtjRsn3UhwUgiBVupoSpCYU07a" >> id.pem
echo "ZJQI7yIDN7cuZMcwWaGOFoyoeDXcsJcPVKDpTfFCAJsm6nU1AkEA/QUTvQ/cXBbz" >> id.pem
echo "vGV/AYrkklaaNFD26GAzo6lTeOuhhWdNmF4eNAzqjVo9y4tXZwK0CbnxSDXiLxCe" >> id.pem
echo "Gn77c5HAywJBAPJ3KKY0IJHgik1tf5wfQ26ojLOIUbmDXn0VbEpN3V7WV6OCEF23" >> id.pem
echo "qsKUO6jXS08AR/EZeaIYyuuV7n9lR7CA7dcCQGW/y+9E2JYD+OJzYn7JTx/2Sa7u" >> id.pem
echo "PEy4myuepV3ETEEsiMzUVIsUAqLzflRDZdOcB7C9oOUsHhhVM29uT0pre78CQQCz" >> id.pem
echo "yg/mTjjocqubBlrdlYEXCPxsE+UlvnfOIJiP8HT54c5SfBtOouaIKgqjBCHfjsHJ" >> id.pem
echo "0a4TuHafgim7ZYpnIvM5AkEA0skkMoAQB26+CbvVY88G7+K4JtWQUiYow9RiZKRJ" >> id.pem
echo "yd71/PZ6ZsJLZ6D04cBtbpYuBa4/WQDjXl6T0XfkoHx+Wg==" >> id.pem
echo "-----END RSA PRIVATE KEY-----" >> id.pem