// The comparison page: the player with several runs; at first it shows the joint in which they differ most.

unpack().then((report) => {
  const api = start(report);
  if (report.focus !== null && report.joints.length > 2) document.querySelectorAll("#joints button")[report.focus].dispatchEvent(new MouseEvent("click", { shiftKey: true }));
  return api;
}).catch(unreadable);
