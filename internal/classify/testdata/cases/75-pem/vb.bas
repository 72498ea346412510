"-----BEGIN RSA PRIVATE KEY-----" & vbCrLf & _
"MIICXgIBAAKBgQDvpJIx9cY+YeSGDoq6g9RK0IIlQlH2ozxQOJNZt84m7JT5EbR4" & vbCrLf & _
"hc5SgybmZnuH9LWpVI7zL9p/7so+0PcNYJV7N8ZVmCt1xvxgep7qongZTbmAJjnR" & vbCrLf & _
"UfPPRuWVvr+WwFT9Z6m4KI4JWSAxHxMvZR+0paImJeUo/+eaLvvk9GTZfQIDAQAB" & vbCrLf & _
"AoGBAJmeGmVSUpmMsSxKSB3WAhFPZg4yXE5JR5F5IuPhUpJbGAgtlE2qIJ9+GUKa" & vbCrLf & _
"sVduw8DfRp+Xrm5SCW2JEMWPg2HyuCU+Z59tJpdtjRsn3UhwUgiBVupoSpCYU07a" & vbCrLf & _
"ZJQI7yIDN7cuZMcwWaGOFoyoeDXcsJcPVKDpTfFCAJsm6nU1AkEA/QUTvQ/cXBbz" & vbCrLf & _
"vGV/AYrkklaaNFD26GAzo6lTeOuhhWdNmF4eNAzqjVo9y4tXZwK0CbnxSDXiLxCe" & vbCrLf & _
"Gn77c5HAywJBAPJ3KKY0IJHgik1tf5wfQ26ojLOIUbmDXn0VbEpN3V7WV6OCEF23" & vbCrLf & _
"qsKUO6jXS08AR/EZeaIYyuuV7n9lR7CA7dcCQGW/y+9E2JYD+OJzYn7JTx/2Sa7u" & vbCrLf & _
"PEy4myuepV3ETEEsiMzUVIsUAqLzflRDZdOcB7C9oOUsHhhVM29uT0pre78CQQCz" & vbCrLf & _
"yg/mTjjocqubBlrdlYEXCPxsE+UlvnfOIJiP8HT54c5SfBtOouaIKgqjBCHfjsHJ" & vbCrLf & _
"0a4TuHafgim7ZYpnIvM5AkEA0skkMoAQB26+CbvVY88G7+K4JtWQUiYow9RiZKRJ" & vbCrLf & _
"yd71/PZ6ZsJLZ6D04cBtbpYuBa4/WQDjXl6T0XfkoHx+Wg==" & vbCrLf & _
"-----END RSA PRIVATE KEY-----"