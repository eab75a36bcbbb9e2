"""One HTML file that shows what an evaluation found, without network, scripts or libraries."""
