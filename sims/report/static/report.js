// The report page of one run.

unpack().then(start).catch(unreadable);
