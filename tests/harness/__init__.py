"""What the tests over FastCGI share: a raw client, a private MariaDB, certwright, the double."""
